package dev.eva.nn;

import static dev.eva.tensor.ops.SwiGlu.swiGlu;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.FeedForwardKernel;
import dev.eva.tensor.kernel.FeedForwardKernel.Slots;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.PreparedWeight;
import java.util.function.Consumer;

/**
 * {@code y = W_2 (silu(W_1 x) * W_3 x)} (SwiGLU, arXiv:2002.05202), with W_1 (gate) above W_3 (up) in one matrix.
 *
 * <p>Parameters: {@code w13} (2F, D) and {@code w2} (D, F).
 */
public final class FeedForward implements Layer {
    private static final FeedForwardKernel WHOLE = Kernels.find(FeedForwardKernel.class, FeedForwardKernel.REFERENCE);

    private final Projection w13;
    private final Projection w2;

    /**
     * @param w13 D -> 2F, gate rows first
     * @param w2 F -> D
     */
    public FeedForward(Projection w13, Projection w2) {
        if (w13.outFeatures() != 2 * w2.inFeatures() || w13.inFeatures() != w2.outFeatures()) {
            throw new IllegalArgumentException(
                    "feed-forward: w13 is " + sizes(w13) + ", w2 " + sizes(w2) + "; need (2F, D) and (D, F)");
        }
        this.w13 = w13;
        this.w2 = w2;
    }

    /** Trainable, over w13 (2F, D), gate rows first, and w2 (D, F), which are not copied. */
    public static FeedForward of(Tensor w13, Tensor w2) {
        return new FeedForward(Linear.stacked(w13, 2), new Linear(w2));
    }

    /** The network whose parameters are called {@code name.w13} and {@code name.w2}. */
    public static FeedForward of(String name, int hiddenSize, int intermediateSize, WeightSource weights) {
        return new FeedForward(
                weights.stacked(Layer.path(name, "w13"), 2, 2 * intermediateSize, hiddenSize),
                weights.linear(Layer.path(name, "w2"), hiddenSize, intermediateSize));
    }

    /** (..., D) -> (..., D). */
    public Tensor forward(Tensor x) {
        return !Tape.isOpen() && x.dim(-1) == w13.inFeatures() && wholePays(x.rows())
                ? whole(x)
                : w2.forward(swiGlu(w13.forward(x)));
    }

    private boolean wholePays(int rows) {
        PreparedWeight up = w13.prepared();
        PreparedWeight down = w2.prepared();
        return up.rounding() == null && down.rounding() == null && WHOLE.pays(rows, up.forward(), down.forward());
    }

    private Tensor whole(Tensor x) {
        Tensor y = Workspace.empty(x.shape());
        Gemm.Prepared up = w13.prepared().forward();
        Gemm.Prepared down = w2.prepared().forward();
        Slots all = Slots.all(x.rows());
        WHOLE.forward(all, x.array(), x.offset(), up, down, null, 0, y.array(), y.offset());
        w13.prepared().rest();
        w2.prepared().rest();
        return y;
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        w13.visit(Layer.path(prefix, "w13"), visitor);
        w2.visit(Layer.path(prefix, "w2"), visitor);
    }

    private static String sizes(Projection p) {
        return "(" + p.outFeatures() + ", " + p.inFeatures() + ")";
    }
}
