package dev.eva.tensor.kernel;

/**
 * A row of floats in a byte each, with scales: how the tape keeps what products see in few bits anyway.
 * Single-threaded; equal packings give equal bits.
 */
public interface RowPacking {
    /** Scales of a row of {@code cols} values. */
    int scales(int cols);

    /** Codes and scales of a row. */
    void pack(int cols, float[] x, int xOffset, byte[] codes, int codesOffset, float[] scales, int scalesOffset);

    /** The values that codes and scales stand for. */
    void unpack(int cols, byte[] codes, int codesOffset, float[] scales, int scalesOffset, float[] out, int outOffset);
}
