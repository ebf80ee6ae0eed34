package dev.eva.model.train.ranks;

import dev.eva.nn.Parameter;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * A file that all ranks map: a gradient of P values (float32, the machine's byte order) for each of N ranks, and behind
 * them their sum. Rank r adds the values {@code [P r / N, P (r + 1) / N)} of all of them, so that the work of adding is
 * shared, too.
 *
 * <p>Who calls what when is the business of {@link SharedStep}.
 */
final class SharedGradients implements AutoCloseable {
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    /** Values that are added at a time: two such arrays fit the second-level cache. */
    private static final int CHUNK = 1 << 14;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment all;
    private final int rank;
    private final int size;
    private final long values;
    private long moved;

    /**
     * Maps the file.
     *
     * @param values of a gradient, P
     */
    SharedGradients(Path file, int rank, int size, long values) throws IOException {
        this.rank = rank;
        this.size = size;
        this.values = values;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            this.all = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes(size, values), arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /** Length of the file. */
    static long bytes(int size, long values) {
        return Math.multiplyExact(Math.multiplyExact(size + 1L, values), Float.BYTES);
    }

    /** Writes a file of zeros, so that its space is taken now and not found missing in the middle of a step. */
    static void create(Path file, int size, long values) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (long left = bytes(size, values); left > 0; ) {
                zeros.clear().limit((int) Math.min(left, zeros.capacity()));
                left -= out.write(zeros);
            }
        }
    }

    /** Writes this rank's gradients. */
    void put(List<Parameter> parameters) {
        long at = rank * values;
        for (Parameter p : parameters) {
            Tensor g = p.value().gradOrZeros();
            MemorySegment.copy(g.array(), g.offset(), all, FLOAT, at * Float.BYTES, g.size());
            at += g.size();
        }
        moved += values;
    }

    /** Adds this rank's part of all gradients, by rising rank, to the sum, which begins here if {@code first}. */
    void reduce(boolean first) {
        long from = values * rank / size;
        long to = values * (rank + 1) / size;
        int chunks = Math.toIntExact((to - from + CHUNK - 1) / CHUNK);
        Parallel.run(chunks, c -> {
            long begin = from + (long) c * CHUNK;
            int n = (int) Math.min(CHUNK, to - begin);
            float[] sum = new float[n];
            float[] more = new float[n];
            read(first ? 0 : size, begin, sum, 0, n);
            for (int r = first ? 1 : 0; r < size; r++) {
                read(r, begin, more, 0, n);
                ELEMENTWISE.addTo(n, more, 0, sum, 0);
            }
            MemorySegment.copy(sum, 0, all, FLOAT, (size * values + begin) * Float.BYTES, n);
        });
        moved += (to - from) * (size + (first ? 1 : 2));
    }

    /** Makes the sum the gradient of the parameters. */
    void take(List<Parameter> parameters) {
        long at = 0;
        for (Parameter p : parameters) {
            Tensor g = p.value().gradOrZeros();
            read(size, at, g.array(), g.offset(), g.size());
            at += g.size();
        }
        moved += values;
    }

    private void read(int slot, long from, float[] into, int at, int n) {
        MemorySegment.copy(all, FLOAT, (slot * values + from) * Float.BYTES, into, at, n);
    }

    /** Bytes that this rank has written into the file and read from it. */
    long movedBytes() {
        return moved * Float.BYTES;
    }

    long fileBytes() {
        return all.byteSize();
    }

    @Override
    public void close() {
        arena.close();
    }
}
