package dev.eva.model.checkpoint;

import dev.eva.fp8.E4m3;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Bfloat16;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes a safetensors file. Tensors are added first, in the order of the file, and read only by {@link #write}:
 * nothing is copied
 * in between. The header is padded with blanks so that the data begins at a multiple of eight bytes.
 */
public final class SafetensorsWriter {
    private static final int CHUNK = 1 << 20;
    private static final JsonMapper JSON = JsonMapper.shared();

    /** Fills a little-endian buffer with the elements {@code [from, from + count)}. */
    interface Source {
        void fill(ByteBuffer into, int from, int count);
    }

    private record Item(StoredType type, int[] dims, int size, Source source) {}

    private final Map<String, Item> items = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    /** The part of a {@link FloatSource} that is being written. */
    private float[] floats = new float[0];

    /** A free-form string in the header. */
    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /** Whether a tensor of that name was added. */
    public boolean has(String name) {
        return items.containsKey(name);
    }

    /** A tensor of F32. */
    public SafetensorsWriter add(String name, Tensor t) {
        return add(name, t.array(), t.offset(), t.shape().dims());
    }

    /** A tensor of F32, the elements of {@code values} from {@code offset} on. */
    public SafetensorsWriter add(String name, float[] values, int offset, int... dims) {
        int size = Shape.of(dims).size();
        Objects.checkFromIndexSize(offset, size, values.length);
        return add(name, StoredType.F32, dims.clone(), size, (into, from, count) -> {
            into.asFloatBuffer().put(values, offset + from, count);
            into.position(into.position() + 4 * count);
        });
    }

    /** A tensor of I32. */
    public SafetensorsWriter add(String name, IntTensor t) {
        return add(name, StoredType.I32, t.shape().dims(), t.size(), (into, from, count) -> {
            into.asIntBuffer().put(t.array(), from, count);
            into.position(into.position() + 4 * count);
        });
    }

    /** A vector of I64. */
    public SafetensorsWriter add(String name, long... values) {
        return add(name, StoredType.I64, new int[] {values.length}, values.length, (into, from, count) -> {
            into.asLongBuffer().put(values, from, count);
            into.position(into.position() + 8 * count);
        });
    }

    /** A tensor whose little-endian bytes are given. */
    public SafetensorsWriter add(String name, StoredType type, byte[] bytes, int... dims) {
        int size = Shape.of(dims).size();
        if ((long) size * type.bytes() != bytes.length) {
            throw new IllegalArgumentException("add " + name + ": " + bytes.length + " bytes; need "
                    + (long) size * type.bytes() + " for " + size + " of " + type);
        }
        return add(
                name,
                type,
                dims.clone(),
                size,
                (into, from, count) -> into.put(bytes, from * type.bytes(), count * type.bytes()));
    }

    /** A tensor of F32, BF16 or F8_E4M3 (nearest, ties to even), whose values are made or read while it is written. */
    SafetensorsWriter add(String name, StoredType type, int[] dims, FloatSource values) {
        if (type != StoredType.F32 && type != StoredType.BF16 && type != StoredType.F8_E4M3) {
            throw new IllegalArgumentException("add " + name + ": floats as " + type + "; need F32, BF16 or F8_E4M3");
        }
        return add(name, type, dims.clone(), Shape.of(dims).size(), (into, from, count) -> {
            if (floats.length < count) {
                floats = new float[count];
            }
            values.read(from, count, floats);
            ByteBuffer all = into.slice().order(ByteOrder.LITTLE_ENDIAN);
            switch (type.bytes()) {
                case Float.BYTES -> all.asFloatBuffer().put(floats, 0, count);
                case Short.BYTES -> putBf16(floats, count, all.asShortBuffer());
                default -> putE4m3(floats, count, all);
            }
            into.position(into.position() + count * type.bytes());
        });
    }

    private static void putBf16(float[] values, int count, ShortBuffer into) {
        short[] codes = new short[count];
        Parallel.elements(count, (from, to) -> {
            for (int i = from; i < to; i++) {
                codes[i] = Bfloat16.encode(values[i]);
            }
        });
        into.put(codes);
    }

    private static void putE4m3(float[] values, int count, ByteBuffer into) {
        byte[] codes = new byte[count];
        Parallel.elements(count, (from, to) -> {
            for (int i = from; i < to; i++) {
                codes[i] = E4m3.encode(values[i]);
            }
        });
        into.put(codes);
    }

    /** A tensor whose bytes are made while it is written. */
    SafetensorsWriter add(String name, StoredType type, int[] dims, Source source) {
        return add(name, type, dims.clone(), Shape.of(dims).size(), source);
    }

    private SafetensorsWriter add(String name, StoredType type, int[] dims, int size, Source source) {
        if (items.putIfAbsent(name, new Item(type, dims, size, source)) != null) {
            throw new IllegalArgumentException("add " + name + ": the file has a tensor of that name already");
        }
        return this;
    }

    /**
     * Writes the file beside {@code target} and renames it.
     *
     * @throws CheckpointException if that fails; the old file is then untouched
     */
    public void write(Path target) {
        byte[] header = header();
        AtomicFile.write(target, channel -> {
            ByteBuffer head = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
            AtomicFile.writeFully(
                    channel, head.putLong(header.length).put(header).flip());
            ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
            for (Item item : items.values()) {
                write(channel, item, buffer);
            }
        });
    }

    private static void write(FileChannel channel, Item item, ByteBuffer buffer) throws IOException {
        int step = CHUNK / item.type.bytes();
        for (int from = 0; from < item.size; from += step) {
            item.source.fill(buffer.clear(), from, Math.min(step, item.size - from));
            AtomicFile.writeFully(channel, buffer.flip());
        }
    }

    private byte[] header() {
        ObjectNode root = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode node = root.putObject("__metadata__");
            metadata.forEach(node::put);
        }
        long at = 0;
        for (Map.Entry<String, Item> e : items.entrySet()) {
            Item item = e.getValue();
            ObjectNode node = root.putObject(e.getKey());
            node.put("dtype", item.type.name());
            var shape = node.putArray("shape");
            for (int d : item.dims) {
                shape.add(d);
            }
            long end = at + (long) item.size * item.type.bytes();
            node.putArray("data_offsets").add(at).add(end);
            at = end;
        }
        String json = JSON.writeValueAsString(root);
        int length = json.getBytes(StandardCharsets.UTF_8).length;
        return (json + " ".repeat((8 - length % 8) % 8)).getBytes(StandardCharsets.UTF_8);
    }
}
