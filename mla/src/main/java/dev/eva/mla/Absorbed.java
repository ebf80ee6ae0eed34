package dev.eva.mla;

import dev.eva.nn.Projection;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;

/**
 * {@code wkvB} cut in its heads for absorbed decoding: {@code W_h^UK} (nope, R) and {@code W_h^UV} (v, R), prepared as
 * N right operands each, again only when the weight has changed.
 */
final class Absorbed {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);

    private final MlaConfig config;
    private final Projection wkvB;
    private Gemm.Prepared keys;
    private Gemm.Prepared values;
    private int version;

    Absorbed(MlaWeights weights) {
        this.config = weights.config();
        this.wkvB = weights.wkvB();
    }

    /** {@code q~ = q^n W_h^UK}: N operands of nope x R. */
    Gemm.Prepared keys() {
        prepare();
        return keys;
    }

    /** {@code o = z (W_h^UV)^T}: N operands of R x v. */
    Gemm.Prepared values() {
        prepare();
        return values;
    }

    private void prepare() {
        if (keys != null && version == wkvB.version()) {
            return;
        }
        Tensor w = wkvB.weight();
        int n = config.numAttentionHeads();
        int r = config.kvLoraRank();
        int nope = config.qkNopeHeadDim();
        int v = config.vHeadDim();
        int stride = (nope + v) * r;
        // Turned over first, else a product would read the keys where they stand, a short piece of each row at a time,
        // and all of the weight would be kept for it.
        float[] turned = new float[n * nope * r];
        for (int h = 0; h < n; h++) {
            for (int p = 0; p < nope; p++) {
                for (int j = 0; j < r; j++) {
                    turned[(h * r + j) * nope + p] = w.array()[w.offset() + h * stride + p * r + j];
                }
            }
        }
        keys = GEMM.prepare(n, nope, r, turned, 0, nope * r, 1, nope, keys);
        values = GEMM.prepare(n, r, v, w.array(), w.offset() + nope * r, stride, 1, r, values);
        version = wkvB.version();
    }
}
