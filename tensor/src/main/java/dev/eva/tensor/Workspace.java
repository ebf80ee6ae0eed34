package dev.eva.tensor;

import dev.eva.tensor.kernel.Gemm;
import java.util.ArrayList;

/**
 * Memory for one step: activations and gradients are taken from it, given back when nothing needs them any more, and
 * all
 * taken back when the step ends. Steps of the same shapes then allocate no arrays at all.
 *
 * <pre>{@code
 * Workspace workspace = new Workspace();
 * for (...) {
 *     try (Workspace.Scope step = workspace.open()) {
 *         float loss = model.loss(batch).item();
 *     } // every tensor made inside has ended here
 * }
 * }</pre>
 *
 * <p>Arrays are kept by their length: a training step asks for the same lengths every time. A large tensor takes an
 * array that is a little too long where none of its own length is free. A workspace belongs to the thread that opened
 * it; kernels that run on other threads get arrays, never tensors.
 */
public final class Workspace {
    private static final ThreadLocal<Workspace> CURRENT = new ThreadLocal<>();
    /** Floats of a large tensor. */
    private static final int LARGE = 1 << 16;
    /** Floats of a gradient that leaves the longest arrays to larger ones. */
    private static final int SMALL_PART = 1 << 20;
    /** Floats of a line of the cache. */
    private static final int LINE = 16;
    /** Packed operands of the same sizes that are kept: a network of two weights may need both at once. */
    private static final int MOST_SPARE = 2;

    private final ByLength<Storage> free = new ByLength<>();
    private final ArrayList<Storage> lent = new ArrayList<>();
    private final ByLength<ByteBlock> freeBlocks = new ByLength<>();
    private final ArrayList<ByteBlock> lentBlocks = new ArrayList<>();
    private final ArrayList<Storage> parted = new ArrayList<>();
    private final ArrayList<Gemm.Prepared> spare = new ArrayList<>();
    private final boolean reusesTensors;
    private long bytes;
    private long lentBytes;
    private boolean open;
    private final Scope scope = new Scope();

    /** A workspace whose tensors end with their step, and say so when they are touched later. */
    public Workspace() {
        this(false);
    }

    private Workspace(boolean reusesTensors) {
        this.reusesTensors = reusesTensors;
    }

    /**
     * A workspace that hands out the same tensor objects again with their memory: steps of the same shapes allocate
     * nothing. For steps without a tape that let no tensor out, as a tensor that is touched later may show another
     * one's values.
     */
    public static Workspace reusing() {
        return new Workspace(true);
    }

    boolean reusesTensors() {
        return reusesTensors;
    }

    boolean isOfThisThread() {
        return CURRENT.get() == this;
    }

    /** A step in progress; closing it ends every tensor that was made inside. */
    public final class Scope implements AutoCloseable {
        private Workspace outer;

        private Scope() {}

        private Scope begin() {
            outer = CURRENT.get();
            CURRENT.set(Workspace.this);
            return this;
        }

        @Override
        public void close() {
            CURRENT.set(outer);
            outer = null;
            while (!lent.isEmpty()) {
                keep(lent.removeLast());
            }
            while (!lentBlocks.isEmpty()) {
                keep(lentBlocks.removeLast());
            }
            open = false;
        }
    }

    /** Starts a step on this thread; nested scopes of different workspaces are allowed, of the same one are not. */
    public Scope open() {
        if (open) {
            throw new IllegalStateException("workspace: a step is already open; close it first");
        }
        open = true;
        return scope.begin();
    }

    /** Bytes of all arrays that this workspace has ever allocated and still keeps. */
    public long bytes() {
        return bytes;
    }

    /**
     * Bytes of the arrays that are lent at the moment. When the backward pass begins, that is what the step keeps for
     * it.
     */
    public long lentBytes() {
        return lentBytes;
    }

    /** Drops all arrays that are not lent, for example when shapes change for good. */
    public void trim() {
        free.drain(s -> bytes -= 4L * s.array.length);
        freeBlocks.drain(b -> bytes -= b.array().length);
        spare.clear();
    }

    /**
     * A tensor with unspecified values from the open workspace of this thread, or zeros on the heap where none is open.
     */
    public static Tensor empty(Shape shape) {
        Workspace w = CURRENT.get();
        return w == null ? Tensor.zeros(shape) : Tensor.over(w.take(shape.size()), shape);
    }

    /** As {@link #empty(Shape)}. */
    public static Tensor empty(int... dims) {
        return empty(Shape.of(dims));
    }

    /** As {@link #empty(Shape)}, (rows, columns). */
    public static Tensor empty(int rows, int columns) {
        return empty(Shape.of(rows, columns));
    }

    /**
     * As {@link #empty(int...)}, (rows, width), from memory for the next power of two of rows: for what is a little
     * longer in every step, such as whatever grows with a context. By its exact length none would ever be used again.
     */
    public static Tensor roomy(int rows, int width) {
        int room = rows <= 1 ? rows : Integer.highestOneBit(rows - 1) << 1;
        return (long) room * width > Integer.MAX_VALUE / 2
                ? empty(rows, width)
                : empty(room, width).slice(0, rows);
    }

    /** A tensor of zeros from the open workspace of this thread, or from the heap where none is open. */
    public static Tensor zeros(Shape shape) {
        Tensor t = empty(shape);
        t.fill(0f);
        return t;
    }

    /** Bytes with unspecified values from the open workspace of this thread, or zeros on the heap without one. */
    public static ByteBlock bytes(int length) {
        Workspace w = CURRENT.get();
        return w == null ? new ByteBlock(new byte[length], null) : w.takeBytes(length);
    }

    /** Gives bytes back. No effect on those of the heap. */
    public static void release(ByteBlock block) {
        if (block.owner != null && block.lentIndex >= 0) {
            block.owner.giveBack(block);
        }
    }

    // ---- gradients, which outlive their step and end before the next one

    /**
     * A tensor that does not end with the step, for {@link Tensor#zeroGrad}; zeros on the heap where no workspace is
     * open, or for a small one. A backward pass frees activations while it makes gradients: a gradient takes a part of
     * an array that the pass has done with, and is gone when the next step wants that array.
     */
    static Tensor lasting(Shape shape) {
        Workspace w = CURRENT.get();
        return w == null || w.reusesTensors || shape.size() < LARGE ? Tensor.zeros(shape) : w.takeLasting(shape);
    }

    private Tensor takeLasting(Shape shape) {
        int length = shape.size();
        Storage room = null;
        for (int i = 0; i < parted.size() && room == null; i++) {
            room = parted.get(i).array.length - parted.get(i).parted >= length ? parted.get(i) : null;
        }
        if (room == null) {
            room = length < SMALL_PART ? free.poll(length, Integer.MAX_VALUE) : free.pollLongest(length);
            if (room == null) {
                room = new Storage(new float[length], this);
                bytes += 4L * length;
            }
            parted.add(room);
        }
        Tensor t = new Tensor(room, room.parted, shape);
        room.parted += Math.min((length + LINE - 1) / LINE * LINE, room.array.length - room.parted);
        room.holds++;
        return t;
    }

    void endLasting(Storage s) {
        if (--s.holds == 0) {
            parted.remove(s);
            s.parted = 0;
            s.generation++;
            free.add(s.array.length, s);
        }
    }

    // ---- packed operands that the next product of their sizes overwrites

    /** A packed operand of these sizes that nobody uses any more, or null. */
    public static Gemm.Prepared takeSpare(int groups, int k, int n) {
        Workspace w = CURRENT.get();
        for (int i = w == null ? -1 : w.spare.size() - 1; i >= 0; i--) {
            if (isOf(w.spare.get(i), groups, k, n)) {
                return w.spare.remove(i);
            }
        }
        return null;
    }

    /** Leaves a packed operand to the next of its sizes; false where no workspace is open, which could keep it. */
    public static boolean giveSpare(Gemm.Prepared p) {
        Workspace w = CURRENT.get();
        if (w == null) {
            return false;
        }
        int same = 0;
        for (int i = 0; i < w.spare.size(); i++) {
            same += isOf(w.spare.get(i), p.groups, p.k, p.n) ? 1 : 0;
        }
        if (same < MOST_SPARE) {
            w.spare.add(p);
        }
        return true;
    }

    private static boolean isOf(Gemm.Prepared p, int groups, int k, int n) {
        return p.groups == groups && p.k == k && p.n == n;
    }

    // ---- holds: the tape says which tensors are still needed inside the step

    /** One more holder of the tensor's memory. No effect on heap tensors. */
    public static void hold(Tensor t) {
        if (t.storage().owner != null) {
            t.storage().holds++;
        }
    }

    /** One holder less; the memory is reused at once when it was the last. No effect on heap tensors. */
    public static void release(Tensor t) {
        Storage s = t.storage();
        if (s.owner != null && t.isLive() && --s.holds == 0) {
            s.owner.giveBack(s);
        }
    }

    /** One holder less; the memory stays lent until the step ends, even without a holder. No effect on heap tensors. */
    public static void unhold(Tensor t) {
        if (t.storage().owner != null && t.isLive()) {
            t.storage().holds--;
        }
    }

    /** Gives the memory back at once if nobody holds it: for what an op allocated and did not keep. */
    public static void releaseUnheld(Tensor t) {
        Storage s = t.storage();
        if (s.owner != null && s.holds == 0 && t.isLive()) {
            s.owner.giveBack(s);
        }
    }

    /** Whether the memory has not been given back; always true of heap tensors. */
    public static boolean isLive(Tensor t) {
        return t.isLive();
    }

    /** Whether exactly one holder is left, so that the values may be changed in place. Never true of heap tensors. */
    public static boolean isSoleHolder(Tensor t) {
        return t.storage().owner != null && t.storage().holds == 1;
    }

    private Storage take(int length) {
        Storage s = length < LARGE || reusesTensors ? free.poll(length) : free.poll(length, length + length / 3);
        if (s == null) {
            s = new Storage(new float[length], this);
            bytes += 4L * length;
        }
        s.lentIndex = lent.size();
        lent.add(s);
        lentBytes += 4L * s.array.length;
        return s;
    }

    private ByteBlock takeBytes(int length) {
        ByteBlock b = freeBlocks.poll(length);
        if (b == null) {
            b = new ByteBlock(new byte[length], this);
            bytes += length;
        }
        b.lentIndex = lentBlocks.size();
        lentBlocks.add(b);
        lentBytes += length;
        return b;
    }

    private void giveBack(ByteBlock b) {
        ByteBlock last = lentBlocks.removeLast();
        if (last != b) {
            lentBlocks.set(b.lentIndex, last);
            last.lentIndex = b.lentIndex;
        }
        keep(b);
    }

    private void keep(ByteBlock b) {
        b.lentIndex = -1;
        lentBytes -= b.array().length;
        freeBlocks.add(b.array().length, b);
    }

    private void giveBack(Storage s) {
        Storage last = lent.removeLast();
        if (last != s) {
            lent.set(s.lentIndex, last);
            last.lentIndex = s.lentIndex;
        }
        keep(s);
    }

    private void keep(Storage s) {
        s.holds = 0;
        s.generation++;
        lentBytes -= 4L * s.array.length;
        free.add(s.array.length, s);
    }
}
