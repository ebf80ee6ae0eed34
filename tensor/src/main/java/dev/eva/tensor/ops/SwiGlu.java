package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;

/**
 * Gated unit between the products of a feed-forward layer (arXiv:2002.05202): {@code y = silu(gate) * up}.
 *
 * <p>Shapes: gateUp (..., 2F), gates first -> (..., F).
 */
public record SwiGlu() implements Op {
    private static final SwiGlu OP = new SwiGlu();
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /** {@code silu(gate) * up} of rows {@code [gate, up]}. */
    public static Tensor swiGlu(Tensor gateUp) {
        return Tape.apply(OP, gateUp);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        if (x.dim(-1) % 2 != 0) {
            throw new IllegalArgumentException("swiGlu: input " + x.shape()
                    + " has an odd number of columns; need gates and ups, the same number of each");
        }
        int f = x.dim(-1) / 2;
        Tensor y = ctx.empty(x.shape().withLast(f));
        activate(x, f, y);
        ctx.dropOutput();
        return y;
    }

    /** {@code y = silu(gate) * up} for all rows {@code [gate, up]} of x (rows, 2F). */
    public static void activate(Tensor x, int f, Tensor y) {
        int rows = x.rows();
        if (Parallel.isOneTask(rows, 2 * f)) {
            activate(x, f, y, 0, rows);
        } else {
            Parallel.rows(rows, 2 * f, (from, to) -> activate(x, f, y, from, to));
        }
    }

    private static void activate(Tensor x, int f, Tensor y, int from, int to) {
        ELEMENTWISE.swiGlu(to - from, f, x.array(), x.offset() + from * 2 * f, y.array(), y.offset() + from * f);
    }

    @Override
    public boolean remakes(Ctx ctx) {
        return true;
    }

    @Override
    public Tensor remake(Ctx ctx) {
        Tensor y = ctx.empty(ctx.output().shape());
        activate(ctx.input(0), y.dim(-1), y);
        return y;
    }

    /** {@code dGate = dOut up silu'(gate)}, {@code dUp = dOut silu(gate)}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor x = ctx.input(0);
        int f = x.dim(-1) / 2;
        Tensor dX = ctx.empty(x.shape());
        Parallel.rows(
                x.rows(),
                2 * f,
                (from, to) -> ELEMENTWISE.swiGluBackward(
                        to - from,
                        f,
                        x.array(),
                        x.offset() + from * 2 * f,
                        dOut.array(),
                        dOut.offset() + from * f,
                        dX.array(),
                        dX.offset() + from * 2 * f));
        return new Tensor[] {dX};
    }
}
