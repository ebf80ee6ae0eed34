package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Scale;
import dev.eva.model.DeepSeekConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files of a checkpoint, opened but not read: {@code config.json} and {@code model.safetensors}, or the shards that
 * {@code model.safetensors.index.json} lists.
 */
public final class CheckpointFiles implements AutoCloseable {
    static final String CONFIG = "config.json";
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private final Path path;
    private final DeepSeekConfig config;
    private final Map<Path, SafetensorsFile> shards = new LinkedHashMap<>();
    private final Map<String, SafetensorsFile> home = new LinkedHashMap<>();

    private CheckpointFiles(Path path, DeepSeekConfig config) {
        this.path = path;
        this.config = config;
    }

    /**
     * Opens a checkpoint.
     *
     * @param path its folder, or one safetensors file with {@code config.json} beside it
     * @throws CheckpointException if a file is missing or malformed
     */
    public static CheckpointFiles open(Path path) {
        if (!Files.exists(path)) {
            throw new CheckpointException(path + ": no such file or folder");
        }
        boolean folder = Files.isDirectory(path);
        Path dir = folder ? path : path.toAbsolutePath().getParent();
        if (!Files.exists(dir.resolve(CONFIG))) {
            throw new CheckpointException(
                    path + ": not a checkpoint: no " + CONFIG + (folder ? " in it" : " beside it"));
        }
        CheckpointFiles files = new CheckpointFiles(path, ConfigJson.read(dir.resolve(CONFIG)));
        try {
            if (!folder) {
                files.addAll(path);
            } else if (Files.exists(dir.resolve(INDEX))) {
                files.addIndexed(dir, dir.resolve(INDEX));
            } else if (Files.exists(dir.resolve(SINGLE))) {
                files.addAll(dir.resolve(SINGLE));
            } else {
                throw new CheckpointException(
                        path + ": not a checkpoint: neither " + SINGLE + " nor " + INDEX + " in it");
            }
            return files;
        } catch (RuntimeException e) {
            files.close();
            throw e;
        }
    }

    /** What the caller gave. */
    public Path path() {
        return path;
    }

    public DeepSeekConfig config() {
        return config;
    }

    /** How scales of FP8 inputs are rounded. */
    Fp8Scale inputScale() {
        return ConfigJson.inputScale((Files.isDirectory(path) ? path : path.resolveSibling("")).resolve(CONFIG));
    }

    /** The names of all tensors. */
    public Set<String> names() {
        return home.keySet();
    }

    public boolean has(String name) {
        return home.containsKey(name);
    }

    /** The file that holds a tensor, or null. */
    public SafetensorsFile fileOf(String name) {
        return home.get(name);
    }

    /** Where a tensor lies in its file, or null. */
    public SafetensorsFile.Entry entry(String name) {
        SafetensorsFile file = home.get(name);
        return file == null ? null : file.entry(name);
    }

    /** Bytes of all tensors by their stored type. */
    public Map<StoredType, Long> bytesByType() {
        Map<StoredType, Long> bytes = new EnumMap<>(StoredType.class);
        for (String name : home.keySet()) {
            SafetensorsFile.Entry e = entry(name);
            bytes.merge(e.type(), e.bytes(), Long::sum);
        }
        return bytes;
    }

    /** Tensors of multi-token prediction layers, which lie behind the decoder layers. */
    public List<String> predictionLayerNames() {
        return home.keySet().stream()
                .filter(n -> HfNames.isBehindLayer(n, config.numHiddenLayers()))
                .toList();
    }

    @Override
    public void close() {
        shards.values().forEach(SafetensorsFile::close);
    }

    private void addAll(Path file) {
        SafetensorsFile shard = shard(file);
        shard.entries().keySet().forEach(name -> home.put(name, shard));
    }

    private void addIndexed(Path dir, Path index) {
        JsonNode map;
        try {
            map = JsonMapper.shared().readTree(Files.readString(index)).path("weight_map");
        } catch (JacksonException e) {
            throw new CheckpointException(
                    index + ": not JSON: "
                            + e.getOriginalMessage().lines().findFirst().orElse(""),
                    e);
        } catch (IOException e) {
            throw new CheckpointException(index + ": cannot be read: " + e.getMessage(), e);
        }
        if (!map.isObject()) {
            throw new CheckpointException(index + ": no object weight_map");
        }
        for (Map.Entry<String, JsonNode> p : map.properties()) {
            String fileName = p.getValue().isString() ? p.getValue().stringValue() : "";
            if (!isFileName(fileName)) {
                throw new CheckpointException(index + ": weight_map." + p.getKey() + " is " + p.getValue()
                        + "; need the name of a file beside the index");
            }
            SafetensorsFile shard = shard(dir.resolve(fileName));
            if (!shard.entries().containsKey(p.getKey())) {
                throw new CheckpointException(
                        index + ": tensor " + p.getKey() + " is not in " + fileName + ", where the index has it");
            }
            home.put(p.getKey(), shard);
        }
    }

    /** Whether it names a file of a folder and nothing outside. */
    private static boolean isFileName(String name) {
        try {
            Path path = Path.of(name);
            return !name.isEmpty() && !name.equals("..") && path.equals(path.getFileName());
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private SafetensorsFile shard(Path file) {
        return shards.computeIfAbsent(file, SafetensorsFile::open);
    }
}
