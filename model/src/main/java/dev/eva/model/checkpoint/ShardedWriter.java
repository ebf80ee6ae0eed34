package dev.eva.model.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes tensors as one {@code model.safetensors}, or, where they have more bytes than a shard may have, as {@code
 * model-00001-of-0000n.safetensors} with {@code model.safetensors.index.json}. Tensors keep their order and stay whole:
 * one that is larger than a shard may be has a shard of its own.
 */
final class ShardedWriter {
    private static final JsonMapper JSON = JsonMapper.shared();

    /** What puts a tensor into the writer of its shard. */
    private record Item(String name, long bytes, Consumer<SafetensorsWriter> tensor) {}

    private final List<Item> items = new ArrayList<>();
    private final long maxShardBytes;

    /** A writer of shards with at most so many bytes of tensors. */
    ShardedWriter(long maxShardBytes) {
        if (maxShardBytes < 1) {
            throw new IllegalArgumentException("shards of " + maxShardBytes + " bytes; need at least 1");
        }
        this.maxShardBytes = maxShardBytes;
    }

    /** A tensor to be written as F32 or BF16; read only when its shard is written. */
    void add(String name, StoredType type, int[] dims, FloatSource source) {
        items.add(new Item(name, bytes(type, dims), writer -> writer.add(name, type, dims, source)));
    }

    /**
     * A matrix to be written in FP8, its scales behind it as F32.
     *
     * @param type of its codes
     */
    void add(String name, StoredType type, int[] dims, QuantisedMatrix matrix) {
        items.add(new Item(name, bytes(type, dims), writer -> writer.add(name, type, dims, matrix::codes)));
        add(name + HfNames.SCALE_SUFFIX, StoredType.F32, matrix.grid(), matrix.scales());
    }

    private static long bytes(StoredType type, int[] dims) {
        long bytes = type.bytes();
        for (int d : dims) {
            bytes = Math.multiplyExact(bytes, (long) d);
        }
        return bytes;
    }

    /** Bytes of all tensors. */
    long bytes() {
        return items.stream().mapToLong(Item::bytes).sum();
    }

    /** Writes the files into the folder; returns their number. */
    int write(Path folder) {
        List<List<Item>> shards = shards();
        Map<String, String> home = new LinkedHashMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String file = shards.size() == 1
                    ? CheckpointFiles.SINGLE
                    : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            // transformers refuses a file without a format.
            SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
            for (Item item : shards.get(i)) {
                item.tensor.accept(writer);
                home.put(item.name, file);
            }
            writer.write(folder.resolve(file));
        }
        if (shards.size() > 1) {
            ObjectNode index = JSON.createObjectNode();
            index.putObject("metadata").put("total_size", bytes());
            ObjectNode map = index.putObject("weight_map");
            home.forEach(map::put);
            AtomicFile.write(
                    folder.resolve(CheckpointFiles.INDEX),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsString(index) + "\n");
        }
        return shards.size();
    }

    private List<List<Item>> shards() {
        List<List<Item>> shards = new ArrayList<>();
        long room = 0;
        for (Item item : items) {
            if (shards.isEmpty() || item.bytes > room) {
                shards.add(new ArrayList<>());
                room = maxShardBytes;
            }
            shards.getLast().add(item);
            room -= item.bytes;
        }
        return shards;
    }
}
