package dev.eva.measure.cases;

import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Verified;
import dev.eva.measure.Way;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.FeedForwardKernel;
import dev.eva.tensor.kernel.FeedForwardKernel.Slots;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.Optional;

/** A feed-forward network with SwiGLU as a layer computes it: in one where that pays, else two products. */
public final class NetworkCase implements Case {
    private final int tokens;
    private final int d;
    private final int f;
    private final float[] x;
    private final float[] w13;
    private final float[] w2;

    /**
     * @param d model dimension
     * @param f hidden width
     */
    public NetworkCase(int tokens, int d, int f) {
        this.tokens = tokens;
        this.d = d;
        this.f = f;
        this.x = Draw.uniform(tokens * d, 51);
        this.w13 = Draw.uniform(2 * f * d, 52);
        this.w2 = Draw.uniform(d * f, 53);
    }

    @Override
    public String what() {
        return "layers";
    }

    @Override
    public String name() {
        return "network-" + tokens + "x" + d + "x" + f;
    }

    @Override
    public double flops() {
        return 6.0 * tokens * d * f;
    }

    @Override
    public double bytes() {
        return 4.0 * (2.0 * x.length + w13.length + w2.length);
    }

    @Override
    public Optional<Running> on(Way way) {
        return Kernels.of(way.provider(), Gemm.class, Gemm.REFERENCE).map(gemm -> {
            FeedForwardKernel whole = Kernels.of(way.provider(), FeedForwardKernel.class, FeedForwardKernel.REFERENCE)
                    .orElse(FeedForwardKernel.REFERENCE);
            Gemm.Prepared up = gemm.prepare(1, d, 2 * f, w13, 0, 0, 1, d, null);
            Gemm.Prepared down = gemm.prepare(1, f, d, w2, 0, 0, 1, f, null);
            float[] y = new float[tokens * d];
            Runnable run = whole.pays(tokens, up, down)
                    ? () -> whole.forward(Slots.all(tokens), x, 0, up, down, null, 0, y, 0)
                    : steps(way, gemm, up, down, y);
            return Running.of(gemm, run, () -> y);
        });
    }

    /** SwiGLU by the host's kernels where the way has none. */
    private Runnable steps(Way way, Gemm gemm, Gemm.Prepared up, Gemm.Prepared down, float[] y) {
        Elementwise elementwise = Kernels.of(way.provider(), Elementwise.class, Elementwise.REFERENCE)
                .orElseGet(() -> Kernels.find(Elementwise.class, Elementwise.REFERENCE));
        Way host = way.device() ? Way.cpu().getFirst() : way;
        float[] gateUp = new float[tokens * 2 * f];
        float[] act = new float[tokens * f];
        return () -> {
            gemm.multiply(tokens, x, 0, d, 1, up, null, 0, 0f, gateUp, 0, 2 * f);
            Split.range(
                    host,
                    tokens,
                    RowCase.GRAIN,
                    (from, to) -> elementwise.swiGlu(to - from, f, gateUp, from * 2 * f, act, from * f));
            gemm.multiply(tokens, act, 0, f, 1, down, null, 0, 0f, y, 0, d);
        };
    }

    @Override
    public void verify(Way way, float[] result) {
        Running reference = on(Way.REFERENCE).orElseThrow();
        reference.run().run();
        Verified.close(Verified.label(this, way), result, 0, reference.result().get(), 1e-5 * Math.sqrt(d) * f / 4, 0);
    }
}
