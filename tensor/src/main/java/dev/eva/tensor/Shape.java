package dev.eva.tensor;

import java.util.Arrays;

/**
 * The sizes of a tensor's dimensions, outermost first. Immutable; printed as {@code (4, 7168)}.
 *
 * <p>A size of zero is allowed (an expert that no token chose); a negative one is not. The element count must fit in an
 * {@code int}, because a tensor's values live in one {@code float[]}.
 */
public final class Shape {
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
        return new Shape(dims.clone());
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
        int[] copy = dims.clone();
        copy[copy.length - 1] = last;
        return new Shape(copy);
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
