package dev.eva.tensor.ops;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;

/** Product of two matrices, both differentiable: {@code y = a b}. Shapes: a (m, k), b (k, n) -> (m, n). */
public record MatMul() implements Op {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);

    /** {@code a b}; for a weight that stays for many products use {@link Linear}, which prepares it once. */
    public static Tensor matmul(Tensor a, Tensor b) {
        return Tape.apply(new MatMul(), a, b);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor a = in[0];
        Tensor b = in[1];
        if (a.shape().rank() != 2 || b.shape().rank() != 2 || a.dim(1) != b.dim(0)) {
            throw new IllegalArgumentException(mismatch(a, b));
        }
        int k = a.dim(1);
        int n = b.dim(1);
        Tensor y = ctx.empty(a.dim(0), n);
        Gemm.Prepared right = GEMM.prepare(1, k, n, b.array(), b.offset(), 0, n, 1, null);
        GEMM.multiply(a.dim(0), a.array(), a.offset(), k, 1, right, null, 0, 0f, y.array(), y.offset(), n);
        return y;
    }

    private static String mismatch(Tensor a, Tensor b) {
        if (a.shape().rank() != 2 || b.shape().rank() != 2) {
            return "matmul: need two matrices: a " + a.shape() + ", b " + b.shape();
        }
        return "matmul: inner dimensions differ: a " + a.shape() + ", b " + b.shape() + "; need a.dim(-1) == b.dim(-2)"
                + (a.dim(1) == b.dim(1) ? "; b transposed would fit" : "");
    }

    /** {@code dA = dOut b^T}, {@code dB = a^T dOut}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor a = ctx.input(0);
        Tensor b = ctx.input(1);
        int m = a.dim(0);
        int k = a.dim(1);
        int n = b.dim(1);
        Tensor[] dIn = new Tensor[2];
        if (ctx.needsGrad(0)) {
            dIn[0] = ctx.empty(a.shape());
            Gemm.Prepared right = GEMM.prepare(1, n, k, b.array(), b.offset(), 0, 1, n, null);
            GEMM.multiply(m, dOut.array(), dOut.offset(), n, 1, right, null, 0, 0f, dIn[0].array(), dIn[0].offset(), k);
        }
        if (ctx.needsGrad(1)) {
            dIn[1] = ctx.empty(b.shape());
            GEMM.multiplyGroupedTransposed(
                    1,
                    k,
                    n,
                    new int[] {0, m},
                    a.array(),
                    a.offset(),
                    k,
                    dOut.array(),
                    dOut.offset(),
                    n,
                    0f,
                    dIn[1].array(),
                    dIn[1].offset());
        }
        return dIn;
    }
}
