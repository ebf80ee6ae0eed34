package dev.eva.fp8;

import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.Kernels;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A stored FP8 weight: {@code W[i][j] = decode(codes[i * cols + j]) * scales[i / 128][j / 128]}, the layout of
 * DeepSeek-V3's checkpoints (arXiv:2412.19437, section 3.3.2). Its codes do not change once it has been multiplied
 * with.
 */
public final class Fp8Weight implements FrozenMatrix {
    private static final Fp8Product PRODUCT = Kernels.find(Fp8Product.class, Fp8Product.REFERENCE);
    private static final int FEW_ROWS = 16;

    /** What is known of the codes of 128 rows. Threads that find out the same at the same time write the same. */
    private static final byte NOTHING = 0;

    private static final byte NUMBERS = 1;
    private static final byte OTHERS_TOO = 2;

    private final Fp8Format format;
    private final MemorySegment codes;
    private final float[] scales;
    private final int rows;
    private final int cols;
    private final byte[] known;

    /**
     * @param codes {@code rows * cols} codes, row-major, perhaps a mapped file
     * @param scales {@code ceil(rows / 128) * ceil(cols / 128)} scales, row-major
     */
    public Fp8Weight(Fp8Format format, MemorySegment codes, float[] scales, int rows, int cols) {
        Objects.checkFromIndexSize(0L, (long) rows * cols, codes.byteSize());
        int gridRows = Fp8Blocks.blocks(rows);
        int gridCols = Fp8Blocks.blocks(cols);
        if (scales.length != gridRows * gridCols) {
            throw new IllegalArgumentException("fp8 weight: " + scales.length + " scales for (" + rows + ", " + cols
                    + "); need (" + gridRows + ", " + gridCols + ")");
        }
        this.format = format;
        this.codes = codes;
        this.scales = scales;
        this.rows = rows;
        this.cols = cols;
        this.known = new byte[gridRows];
    }

    public Fp8Format format() {
        return format;
    }

    public MemorySegment codes() {
        return codes;
    }

    public float[] scales() {
        return scales;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int cols() {
        return cols;
    }

    @Override
    public long bytes() {
        return (long) rows * cols + 4L * scales.length;
    }

    @Override
    public void widen(int row, int col, int count, float[] out, int outOffset) {
        int scaleRow = row / Fp8Blocks.BLOCK * Fp8Blocks.blocks(cols);
        for (int from = col, end = col + count; from < end; ) {
            int block = from / Fp8Blocks.BLOCK;
            int n = Math.min(end, (block + 1) * Fp8Blocks.BLOCK) - from;
            long first = (long) row * cols + from;
            PRODUCT.widen(format, codes, first, n, scales[scaleRow + block], out, outOffset + from - col);
            from += n;
        }
    }

    @Override
    public void turn(int row, int count, int col, int length, float[] out, int outOffset, int outRow) {
        PRODUCT.announce(codes, (long) row * cols + col, cols, count, length);
        for (int j = 0; j < count; ) {
            int block = (row + j) / Fp8Blocks.BLOCK;
            int rows = Math.min(count, (block + 1) * Fp8Blocks.BLOCK - row) - j;
            for (int p = 0; p < length; ) {
                int at = (col + p) / Fp8Blocks.BLOCK;
                int n = Math.min(length, (at + 1) * Fp8Blocks.BLOCK - col) - p;
                long first = (long) (row + j) * cols + col + p;
                float scale = scales[block * Fp8Blocks.blocks(cols) + at];
                PRODUCT.turn(format, codes, first, cols, rows, n, scale, out, outOffset + p * outRow + j, outRow);
                p += n;
            }
            j += rows;
        }
    }

    /** E5M2, which no release stores weights in, has no loop for few rows: it is widened always. */
    @Override
    public int fewRows() {
        return format == Fp8Format.E4M3 ? FEW_ROWS : 0;
    }

    /** Blocks of 128 rows go together as long as their codes are numbers; one that has others goes alone. */
    @Override
    public void multiply(int m, float[] x, int xOffset, int xRow, int from, int to, float[] y, int yOffset, int yRow) {
        for (int j = from; j < to; ) {
            boolean numbers = areNumbers(j / Fp8Blocks.BLOCK);
            int end = endOfBlock(j, to);
            while (numbers && end < to && areNumbers(end / Fp8Blocks.BLOCK)) {
                end = endOfBlock(end, to);
            }
            PRODUCT.multiply(format, m, cols, x, xOffset, xRow, codes, scales, numbers, j, end, y, yOffset, yRow);
            j = end;
        }
    }

    private static int endOfBlock(int row, int to) {
        return Math.min(to, (row / Fp8Blocks.BLOCK + 1) * Fp8Blocks.BLOCK);
    }

    /** Whether the codes of a block of 128 rows are all numbers: looked for when it is first multiplied with. */
    private boolean areNumbers(int block) {
        if (known[block] == NOTHING) {
            int first = block * Fp8Blocks.BLOCK;
            long n = (long) (endOfBlock(first, rows) - first) * cols;
            known[block] = PRODUCT.areNumbers(format, codes, (long) first * cols, n) ? NUMBERS : OTHERS_TOO;
        }
        return known[block] == NUMBERS;
    }
}
