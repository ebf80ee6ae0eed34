package dev.eva.tests.golden;

import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.model.checkpoint.SafetensorsWriter;
import dev.eva.model.checkpoint.StoredType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** The reference data under {@code golden}, unpacked into folders as {@code eva parity} takes them. */
public final class Golden {
    private static final String PACKED = ".gz";

    private Golden() {}

    /** Unpacks a case into a folder of its name in {@code parent}. */
    public static Path unpack(String name, Path parent) {
        try (Stream<Path> files = Files.list(resource(name))) {
            Path folder = Files.createDirectories(parent.resolve(name));
            for (Path file : files.toList()) {
                String fileName = file.getFileName().toString();
                if (fileName.endsWith(PACKED)) {
                    unpack(file, folder.resolve(fileName.substring(0, fileName.length() - PACKED.length())));
                } else {
                    Files.copy(file, folder.resolve(fileName));
                }
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A safetensors file with other tensors in place of, or beside, those that it has. */
    public static void rewrite(Path file, Consumer<SafetensorsWriter> change) {
        SafetensorsWriter writer = new SafetensorsWriter();
        change.accept(writer);
        try (SafetensorsFile old = SafetensorsFile.open(file)) {
            for (SafetensorsFile.Entry e : old.entries().values()) {
                if (!writer.has(e.name())) {
                    writer.add(e.name(), e.type(), bytes(old, e), dims(e));
                }
            }
        }
        writer.write(file);
    }

    private static Path resource(String name) {
        try {
            return Path.of(Golden.class.getResource("/golden/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void unpack(Path packed, Path target) throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(packed))) {
            Files.write(target, in.readAllBytes());
        }
        try (SafetensorsFile file = SafetensorsFile.open(target)) {
            List<SafetensorsFile.Entry> gradients = file.entries().values().stream()
                    .filter(e -> e.type() == StoredType.I16)
                    .toList();
            if (!gradients.isEmpty()) {
                rewrite(
                        target,
                        writer -> gradients.forEach(e -> writer.add(e.name(), gradient(file, e.name()), 0, dims(e))));
            }
        }
    }

    /** A gradient, stored as whole numbers times a step that stands in the file's metadata. */
    private static float[] gradient(SafetensorsFile file, String name) {
        double step = Double.parseDouble(file.metadata().get(name));
        int[] q = file.ints(name).array();
        float[] g = new float[q.length];
        for (int i = 0; i < g.length; i++) {
            g[i] = (float) (q[i] * step);
        }
        return g;
    }

    private static byte[] bytes(SafetensorsFile file, SafetensorsFile.Entry e) {
        return file.segment(e.name()).toArray(ValueLayout.JAVA_BYTE);
    }

    private static int[] dims(SafetensorsFile.Entry e) {
        return Arrays.stream(e.shape()).mapToInt(Math::toIntExact).toArray();
    }
}
