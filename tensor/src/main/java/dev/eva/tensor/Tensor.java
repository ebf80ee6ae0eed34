package dev.eva.tensor;

import java.util.Arrays;
import java.util.Objects;
import java.util.random.RandomGenerator;

/**
 * A dense, row-major, contiguous array of 32-bit floats with a {@link Shape}.
 *
 * <p>A tensor is a view: {@code reshape} and {@code slice} share the array. What is computed with tensors lives in
 * {@code dev.eva.tensor.ops}, one op a file; this class holds values, nothing else.
 *
 * <p>Results of ops inside a {@link Workspace} scope are lent: once the step has ended, {@link #array()} says so
 * instead of
 * showing another tensor's values. Copy out what must live longer ({@link #copy()}).
 */
public final class Tensor {
    private final Storage storage;
    /** That of the storage when it was lent. */
    private int generation;

    private final int offset;
    private final Shape shape;
    private boolean requiresGrad;
    private Tensor grad;
    /** The gradient counts as zeros, but nobody has written them yet. */
    private boolean gradCleared;

    private int version;

    Tensor(Storage storage, int offset, Shape shape) {
        this.storage = storage;
        this.generation = storage.generation;
        this.offset = offset;
        this.shape = shape;
    }

    /** Zeros on the heap. */
    public static Tensor zeros(int... dims) {
        return zeros(Shape.of(dims));
    }

    /** Zeros on the heap. */
    public static Tensor zeros(Shape shape) {
        return new Tensor(new Storage(new float[shape.size()], null), 0, shape);
    }

    /** One value everywhere, on the heap. */
    public static Tensor full(float value, int... dims) {
        Tensor t = zeros(dims);
        Arrays.fill(t.storage.array, value);
        return t;
    }

    /** A tensor over {@code values}, which is not copied. */
    public static Tensor of(float[] values, int... dims) {
        return wrap(values, 0, Shape.of(dims));
    }

    /** A tensor over a part of {@code values}, which is not copied. */
    public static Tensor wrap(float[] values, int offset, Shape shape) {
        Objects.checkFromIndexSize(offset, shape.size(), values.length);
        return new Tensor(new Storage(values, null), offset, shape);
    }

    /** Independent normal values, {@code N(mean, std^2)}, on the heap, in the order of the generator. */
    public static Tensor randn(RandomGenerator random, float mean, float std, int... dims) {
        Tensor t = zeros(dims);
        for (int i = 0; i < t.storage.array.length; i++) {
            t.storage.array[i] = (float) (mean + std * random.nextGaussian());
        }
        return t;
    }

    /** Called by {@link Workspace}: a tensor over lent memory, with unspecified values. */
    static Tensor over(Storage storage, Shape shape) {
        return storage.tensor(0, shape);
    }

    /** Called by {@link Storage}: whether this tensor is one of that part, which is then lent again. */
    boolean renew(int offset, Shape shape) {
        boolean fits = this.offset == offset && this.shape.equals(shape);
        if (fits) {
            generation = storage.generation;
            requiresGrad = false;
        }
        return fits;
    }

    /**
     * The array that holds the values; element {@code i} is {@code array()[offset() + i]}.
     *
     * @throws IllegalStateException if the tensor belonged to a step that has ended
     */
    public float[] array() {
        if (generation != storage.generation) {
            throw new IllegalStateException("tensor " + shape + ": its step has ended and its memory was reused;"
                    + " copy() what must outlive the step");
        }
        return storage.array;
    }

    /** Index of the first element in {@link #array()}. */
    public int offset() {
        return offset;
    }

    public Shape shape() {
        return shape;
    }

    /** Size of dimension {@code i}; negative counts from the end. */
    public int dim(int i) {
        return shape.dim(i);
    }

    /** Number of elements. */
    public int size() {
        return shape.size();
    }

    /** Product of all sizes but the innermost. */
    public int rows() {
        return shape.rows();
    }

    /** Element {@code i} in row-major order. */
    public float get(int i) {
        Objects.checkIndex(i, shape.size());
        return array()[offset + i];
    }

    /** The value of a tensor of one element. */
    public float item() {
        if (shape.size() != 1) {
            throw new IllegalArgumentException("item: tensor has " + shape + "; need exactly one element");
        }
        return array()[offset];
    }

    /** The same values under another shape of the same size, as plain values: no gradient flows through a view. */
    public Tensor view(Shape to) {
        if (to.size() != shape.size()) {
            throw new IllegalArgumentException("view: sizes differ: tensor " + shape + ", requested " + to);
        }
        array();
        return storage.tensor(offset, to);
    }

    /** Entries {@code [from, to)} of the outermost dimension, as plain values: no gradient flows through a view. */
    public Tensor slice(int from, int to) {
        Objects.checkFromToIndex(from, to, shape.dim(0));
        array();
        int stride = shape.dim(0) == 0 ? 0 : shape.size() / shape.dim(0);
        return storage.tensor(offset + from * stride, shape.withFirst(to - from));
    }

    /** A copy on the heap, free of any step and any gradient. */
    public Tensor copy() {
        return new Tensor(new Storage(toArray(), null), 0, shape);
    }

    /** A copy of the values. */
    public float[] toArray() {
        return Arrays.copyOfRange(array(), offset, offset + shape.size());
    }

    /** Overwrites all values with those of {@code from}, which has the same shape. */
    public void set(Tensor from) {
        if (!shape.equals(from.shape)) {
            throw new IllegalArgumentException("set: shapes differ: tensor " + shape + ", values " + from.shape);
        }
        System.arraycopy(from.array(), from.offset, array(), offset, shape.size());
        markWritten();
    }

    /** Sets every value. */
    public void fill(float value) {
        Arrays.fill(array(), offset, offset + shape.size(), value);
        markWritten();
    }

    /**
     * Whether gradients are computed for this tensor: true for parameters and for everything computed from them on a
     * tape.
     */
    public boolean requiresGrad() {
        return requiresGrad;
    }

    /** Asks for (or declines) a gradient; returns this tensor. */
    public Tensor requiresGrad(boolean requires) {
        this.requiresGrad = requires;
        return this;
    }

    /** The gradient of a leaf, null until a tape has run backward through it. Accumulates until {@link #zeroGrad()}. */
    public Tensor grad() {
        if (gradCleared) {
            gradCleared = false;
            grad = grad == null ? Workspace.lasting(shape) : grad;
            grad.fill(0f);
        }
        return grad;
    }

    /** The gradient of a leaf, created as zeros where there is none yet. */
    public Tensor gradOrZeros() {
        gradCleared |= grad == null;
        return grad();
    }

    /**
     * Sets an existing gradient to zero, which is written when somebody looks. Its memory stays if it is the heap's; a
     * workspace's goes back, and serves a step's forward pass until there is a gradient again.
     */
    public void zeroGrad() {
        gradCleared |= grad != null;
        if (grad != null && grad.storage.owner != null) {
            grad.storage.owner.endLasting(grad.storage);
            grad = null;
        }
    }

    /**
     * 0 where the gradient has been set to zero and nobody has looked since, else 1: the factor of its old values for
     * whoever is going to write every element, as {@code g = beta g + d}. After this call {@link #gradOrZeros()} gives
     * the memory as it is.
     */
    public float gradBeta() {
        float beta = gradCleared ? 0f : 1f;
        grad = gradCleared && grad == null ? Workspace.lasting(shape) : grad;
        gradCleared = false;
        return beta;
    }

    /** Counts writes, so that what was prepared from this tensor (packed panels) knows when it is stale. */
    public int version() {
        return version;
    }

    /** To be called by whoever writes into {@link #array()} of a tensor that others may have prepared. */
    public void markWritten() {
        version++;
    }

    // ---- memory: used by the tape, through Workspace

    Storage storage() {
        return storage;
    }

    boolean isLive() {
        return generation == storage.generation;
    }

    @Override
    public String toString() {
        return "Tensor" + shape;
    }
}
