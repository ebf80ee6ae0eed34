package dev.eva.tensor;

import java.util.Arrays;

/**
 * The sizes of a tensor's dimensions, outermost first. Immutable; printed as {@code (4, 7168)}.
 *
 * <p>A size of zero is allowed (an expert that no token chose); a negative one is not. The element count must fit in an
 * {@code int}, because a tensor's values live in one {@code float[]}.
 */
public final class Shape {
    /**
     * Shapes seen of late, by their hash: most of those asked for are there, and a decoded token makes none. Written
     * without a fence: a shape is immutable, and one that is made twice is as good.
     */
    private static final Shape[] KNOWN = new Shape[1024];

    private final int[] dims;
    private final int size;

    private Shape(int[] dims) {
        long n = 1;
        for (int d : dims) {
            if (d < 0) {
                throw new IllegalArgumentException("shape: negative dimension: " + Arrays.toString(dims));
            }
            n *= d;
            if (n > Integer.MAX_VALUE - 16) {
                throw new IllegalArgumentException("shape: too many elements for one tensor: " + Arrays.toString(dims)
                        + "; need at most 2^31 - 17");
            }
        }
        this.dims = dims;
        this.size = (int) n;
    }

    /** A shape of the given sizes; {@code Shape.of()} is a scalar. */
    public static Shape of(int... dims) {
        return dims.length == 0 ? new Shape(new int[0]) : known(dims, 0, dims[0]);
    }

    /** A vector. */
    public static Shape of(int length) {
        int slot = slot(31 + length);
        Shape s = KNOWN[slot];
        Shape t = KNOWN[slot ^ 1];
        return is(s, length) ? s : is(t, length) ? t : keep(slot, length);
    }

    private static boolean is(Shape s, int length) {
        return s != null && s.dims.length == 1 && s.dims[0] == length;
    }

    /** A matrix. */
    public static Shape of(int rows, int columns) {
        int slot = slot(31 * (31 + rows) + columns);
        Shape s = KNOWN[slot];
        Shape t = KNOWN[slot ^ 1];
        return is(s, rows, columns) ? s : is(t, rows, columns) ? t : keep(slot, rows, columns);
    }

    private static boolean is(Shape s, int rows, int columns) {
        return s != null && s.dims.length == 2 && s.dims[0] == rows && s.dims[1] == columns;
    }

    /** The shape of {@code dims}, which are not kept, with the i-th replaced. */
    private static Shape known(int[] dims, int i, int replaced) {
        int hash = 1;
        for (int d = 0; d < dims.length; d++) {
            hash = 31 * hash + (d == i ? replaced : dims[d]);
        }
        int slot = slot(hash);
        Shape s = KNOWN[slot];
        Shape t = KNOWN[slot ^ 1];
        if (is(s, dims, i, replaced) || is(t, dims, i, replaced)) {
            return is(s, dims, i, replaced) ? s : t;
        }
        int[] copy = dims.clone();
        copy[i] = replaced;
        return keep(slot, copy);
    }

    private static boolean is(Shape s, int[] dims, int i, int replaced) {
        boolean same = s != null && s.dims.length == dims.length;
        for (int d = 0; same && d < dims.length; d++) {
            same = s.dims[d] == (d == i ? replaced : dims[d]);
        }
        return same;
    }

    /** Two neighbours share what falls on either. */
    private static int slot(int hash) {
        return hash * 0x9e3779b9 >>> 22;
    }

    private static Shape keep(int slot, int... dims) {
        Shape s = new Shape(dims);
        KNOWN[slot ^ 1] = KNOWN[slot];
        KNOWN[slot] = s;
        return s;
    }

    /** Number of dimensions. */
    public int rank() {
        return dims.length;
    }

    /** Number of elements, the product of all sizes. */
    public int size() {
        return size;
    }

    /** Size of dimension {@code i}; negative counts from the end, so {@code dim(-1)} is the innermost. */
    public int dim(int i) {
        int at = i < 0 ? i + dims.length : i;
        if (at < 0 || at >= dims.length) {
            throw new IndexOutOfBoundsException("shape: dimension " + i + " of " + this);
        }
        return dims[at];
    }

    /** Product of all sizes but the innermost: the number of rows when the tensor is read as a matrix. */
    public int rows() {
        int rows = 1;
        for (int i = 0; i + 1 < dims.length; i++) {
            rows *= dims[i];
        }
        return rows;
    }

    /** This shape with the innermost size replaced. */
    public Shape withLast(int last) {
        if (dims.length == 0) {
            throw new IllegalArgumentException("shape: a scalar has no last dimension");
        }
        return known(dims, dims.length - 1, last);
    }

    /** This shape with the outermost size replaced. */
    Shape withFirst(int first) {
        return known(dims, 0, first);
    }

    /** A copy of the sizes. */
    public int[] dims() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Shape other && Arrays.equals(dims, other.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        StringBuilder s = new StringBuilder("(");
        for (int i = 0; i < dims.length; i++) {
            s.append(i == 0 ? "" : ", ").append(dims[i]);
        }
        return s.append(')').toString();
    }
}
