package dev.eva.tensor;

import java.util.Objects;

/** A dense, row-major array of ints with a {@link Shape}: token ids, expert ids, targets. Never differentiated. */
public record IntTensor(int[] array, Shape shape) {
    public IntTensor {
        Objects.requireNonNull(shape, "shape");
        if (array.length != shape.size()) {
            throw new IllegalArgumentException("int tensor: " + array.length + " values for shape " + shape);
        }
    }

    /** A tensor over {@code values}, which is not copied. */
    public static IntTensor of(int[] values, int... dims) {
        return new IntTensor(values, Shape.of(dims));
    }

    public int dim(int i) {
        return shape.dim(i);
    }

    public int size() {
        return array.length;
    }

    public int get(int i) {
        return array[i];
    }

    @Override
    public String toString() {
        return "IntTensor" + shape;
    }
}
