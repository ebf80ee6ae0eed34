package dev.eva.tensor.ops;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.SoftmaxKernel;

/**
 * Cross-entropy in nats: {@code y = mean over rows r of (log sum_j exp(x_rj) - x_(r, targets_r))}. Rows whose target is
 * negative
 * are ignored, in the sum and in the count. Shapes: logits (M, V), targets of size M -> ().
 */
public record CrossEntropy(IntTensor targets) implements Op {
    private static final SoftmaxKernel SOFTMAX = Kernels.find(SoftmaxKernel.class, SoftmaxKernel.REFERENCE);

    /** The mean over targets that are not negative; {@code targets} must not change until the backward pass is over. */
    public static Tensor crossEntropy(Tensor logits, IntTensor targets) {
        return Tape.apply(new CrossEntropy(targets), logits);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        if (x.shape().rank() != 2 || x.dim(0) != targets.size()) {
            throw new IllegalArgumentException("crossEntropy: logits " + x.shape() + ", targets " + targets.shape()
                    + "; need logits (M, V) and M targets");
        }
        int v = x.dim(1);
        int rows = x.dim(0);
        int count = countTargets(v);
        Tensor losses = ctx.empty(rows);
        Tensor lse = ctx.empty(rows);
        Parallel.rows(
                rows,
                v,
                (from, to) -> SOFTMAX.crossEntropy(
                        to - from,
                        v,
                        x.array(),
                        x.offset() + from * v,
                        targets.array(),
                        from,
                        losses.array(),
                        losses.offset() + from,
                        lse.array(),
                        lse.offset() + from));
        ctx.save(lse);
        Tensor y = ctx.empty(Shape.of());
        y.fill((float) (Totals.sum(losses) / count));
        return y;
    }

    private int countTargets(int v) {
        int count = 0;
        for (int i = 0; i < targets.size(); i++) {
            if (targets.get(i) >= v) {
                throw new IllegalArgumentException("crossEntropy: target " + targets.get(i) + " at index " + i
                        + "; need less than " + v + ", the number of columns");
            }
            count += targets.get(i) >= 0 ? 1 : 0;
        }
        if (count == 0) {
            throw new IllegalArgumentException("crossEntropy: all " + targets.size()
                    + " targets are negative, so there is nothing to average; need at least one");
        }
        return count;
    }

    /** {@code dX_r = dOut / count (softmax(x_r) - onehot(targets_r))}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor x = ctx.input(0);
        Tensor lse = ctx.saved(0);
        int v = x.dim(1);
        float scale = dOut.item() / countTargets(v);
        // The logits are the largest tensor of a step: where nobody else reads them, they become their gradient.
        Tensor dX = Workspace.isSoleHolder(x) ? x : ctx.empty(x.shape());
        Parallel.rows(
                x.dim(0),
                v,
                (from, to) -> SOFTMAX.crossEntropyBackward(
                        to - from,
                        v,
                        scale,
                        x.array(),
                        x.offset() + from * v,
                        targets.array(),
                        from,
                        lse.array(),
                        lse.offset() + from,
                        dX.array(),
                        dX.offset() + from * v));
        return new Tensor[] {dX};
    }
}
