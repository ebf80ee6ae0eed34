package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Ue8m0;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Bfloat16;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;

/**
 * A safetensors file, mapped into memory and never copied whole: eight bytes with the length of the header (little
 * endian), the
 * header in JSON, then the tensors' bytes (little endian, row-major).
 *
 * <p>{@link #open} validates the header completely, so that reading a tensor afterwards cannot leave the file.
 * Closing the file
 * ends every {@link #segment} of it.
 */
public final class SafetensorsFile implements AutoCloseable {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * Where a tensor lies.
     *
     * @param name as in the file
     * @param type type of an element
     * @param shape sizes, outermost first; empty for a scalar
     * @param offset first byte, counted from the start of the file
     * @param bytes number of bytes
     */
    public record Entry(String name, StoredType type, long[] shape, long offset, long bytes) {
        /** Number of elements. */
        public long size() {
            return bytes / type.bytes();
        }

        /** The shape as {@code (4, 7168)}. */
        public String shapeText() {
            return Arrays.toString(shape).replace('[', '(').replace(']', ')');
        }
    }

    private final Path path;
    private final Arena arena;
    private final MemorySegment file;
    private final SafetensorsHeader header;

    private SafetensorsFile(Path path, Arena arena, MemorySegment file) {
        this.path = path;
        this.arena = arena;
        this.file = file;
        this.header = SafetensorsHeader.parse(path, file);
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws CheckpointException if it cannot be read or is not a well-formed safetensors file
     */
    public static SafetensorsFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new CheckpointException(path + ": is a directory; need a safetensors file");
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return new SafetensorsFile(
                    path, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (NoSuchFileException e) {
            arena.close();
            throw new CheckpointException(path + ": no such file", e);
        } catch (IOException e) {
            arena.close();
            throw new CheckpointException(path + ": cannot be read: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    public Path path() {
        return path;
    }

    /** All tensors by name, in the order of the header. */
    public Map<String, Entry> entries() {
        return header.entries();
    }

    /** The free-form strings of the header. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** Where a tensor lies. @throws CheckpointException if the file has none of that name, with the nearest one */
    public Entry entry(String name) {
        Entry e = header.entries().get(name);
        if (e == null) {
            throw new CheckpointException(path + ": no tensor " + name
                    + Nearest.hint(name, header.entries().keySet()));
        }
        return e;
    }

    /** The bytes of a tensor, mapped: valid until this file is closed. */
    public MemorySegment segment(String name) {
        Entry e = entry(name);
        return file.asSlice(e.offset(), e.bytes());
    }

    /** A tensor of floats, widened to float32 where it is stored in 16 or 8 bits, copied to the heap. */
    public Tensor tensor(String name) {
        Entry e = entry(name);
        Shape shape = heapShape(e);
        float[] values = new float[shape.size()];
        read(name, values, 0);
        return Tensor.wrap(values, 0, shape);
    }

    /**
     * Reads all values of a tensor of floats into {@code out} from {@code at} on, widened to float32. FP8 codes come
     * without their scales.
     */
    public void read(String name, float[] out, int at) {
        read(name, 0, heapShape(entry(name)).size(), out, at);
    }

    /** Reads {@code n} values from the {@code first} on, row-major, as {@link #read(String, float[], int)} does. */
    void read(String name, long first, int n, float[] out, int at) {
        Entry e = entry(name);
        MemorySegment s = segment(name)
                .asSlice(first * e.type().bytes(), (long) n * e.type().bytes());
        switch (e.type()) {
            case F32 -> MemorySegment.copy(s, F32, 0, out, at, n);
            case F64 -> {
                for (int i = 0; i < n; i++) {
                    out[at + i] = (float) s.get(F64, 8L * i);
                }
            }
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    out[at + i] = Float.float16ToFloat(s.get(I16, 2L * i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < n; i++) {
                    out[at + i] = Bfloat16.decode(s.get(I16, 2L * i));
                }
            }
            case F8_E4M3 -> {
                for (int i = 0; i < n; i++) {
                    out[at + i] = Fp8Format.E4M3.decode(s.get(ValueLayout.JAVA_BYTE, i));
                }
            }
            case F8_E5M2 -> {
                for (int i = 0; i < n; i++) {
                    out[at + i] = Fp8Format.E5M2.decode(s.get(ValueLayout.JAVA_BYTE, i));
                }
            }
            case F8_E8M0 -> {
                for (int i = 0; i < n; i++) {
                    out[at + i] = Ue8m0.decode(s.get(ValueLayout.JAVA_BYTE, i));
                }
            }
            case I64, I32, I16, I8, U64, U32, U16, U8, BOOL ->
                throw wrongType(e, "F32, F64, F16, BF16, F8_E4M3, F8_E5M2 or F8_E8M0");
        }
    }

    /** A tensor of whole numbers (I32, I64 within 32 bits, I16, I8, U8, U16), copied to the heap. */
    public IntTensor ints(String name) {
        Entry e = entry(name);
        Shape shape = heapShape(e);
        MemorySegment s = segment(name);
        int[] out = new int[shape.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = switch (e.type()) {
                case I64 -> narrow(e, s.get(I64, 8L * i));
                case I32 -> s.get(I32, 4L * i);
                case I16 -> s.get(I16, 2L * i);
                case U16 -> s.get(I16, 2L * i) & 0xFFFF;
                case I8 -> s.get(ValueLayout.JAVA_BYTE, i);
                case U8, BOOL -> s.get(ValueLayout.JAVA_BYTE, i) & 0xFF;
                case F64, F32, F16, BF16, F8_E4M3, F8_E5M2, F8_E8M0, U64, U32 ->
                    throw wrongType(e, "a type of whole numbers");
            };
        }
        return new IntTensor(out, shape);
    }

    /** A tensor of 64-bit whole numbers (I64), copied to the heap. */
    public long[] longs(String name) {
        Entry e = entry(name);
        if (e.type() != StoredType.I64) {
            throw wrongType(e, "I64");
        }
        return segment(name).toArray(I64);
    }

    @Override
    public void close() {
        arena.close();
    }

    private int narrow(Entry e, long value) {
        if (value != (int) value) {
            throw new CheckpointException(
                    path + ": tensor " + e.name() + ": value " + value + " does not fit in 32 bits");
        }
        return (int) value;
    }

    private Shape heapShape(Entry e) {
        boolean dims = Arrays.stream(e.shape()).allMatch(d -> d <= Integer.MAX_VALUE);
        if (!dims || e.size() > Integer.MAX_VALUE - 16) {
            throw new CheckpointException(
                    path + ": tensor " + e.name() + " " + e.shapeText() + " is too large for one array");
        }
        return Shape.of(Arrays.stream(e.shape()).mapToInt(Math::toIntExact).toArray());
    }

    private CheckpointException wrongType(Entry e, String need) {
        return new CheckpointException(path + ": tensor " + e.name() + " has dtype " + e.type() + "; need " + need);
    }
}
