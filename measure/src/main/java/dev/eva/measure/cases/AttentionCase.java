package dev.eva.measure.cases;

import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Verified;
import dev.eva.measure.Way;
import dev.eva.tensor.kernel.Attention;
import dev.eva.tensor.kernel.Kernels;
import java.util.Optional;

/** Causal attention of several heads over one sequence, a task a head, forward or backward. */
public final class AttentionCase implements Case {
    private final boolean backward;
    private final int heads;
    private final int t;
    private final int h;
    private final int hv;
    private final float[] q;
    private final float[] k;
    private final float[] v;
    private final float[] dOut;

    /**
     * @param t positions
     * @param h width of queries and keys
     * @param hv width of values
     */
    public AttentionCase(boolean backward, int heads, int t, int h, int hv) {
        this.backward = backward;
        this.heads = heads;
        this.t = t;
        this.h = h;
        this.hv = hv;
        this.q = Draw.uniform(heads * t * h, 11);
        this.k = Draw.uniform(heads * t * h, 12);
        this.v = Draw.uniform(heads * t * hv, 13);
        this.dOut = Draw.uniform(heads * t * hv, 14);
    }

    @Override
    public String what() {
        return "layers";
    }

    @Override
    public String name() {
        return (backward ? "attention-backward-" : "attention-") + heads + "x" + t + "x" + h;
    }

    /** Of {@code t (t + 1) / 2} pairs: two products forward, five backward. */
    @Override
    public String kernel() {
        return backward ? "attention backward" : "attention";
    }

    @Override
    public double flops() {
        double pairs = heads * (t * (t + 1.0) / 2);
        return 2 * pairs * (backward ? 3.0 * h + 2.0 * hv : h + hv);
    }

    @Override
    public double bytes() {
        double inputs = 4.0 * heads * t * (2.0 * h + hv);
        double outputs = 4.0 * heads * t * hv;
        return backward ? 2 * inputs + 2 * outputs : inputs + outputs;
    }

    @Override
    public Optional<Running> on(Way way) {
        return Kernels.of(way.provider(), Attention.class, Attention.REFERENCE)
                .map(attention -> backward ? backward(way, attention) : forward(way, attention));
    }

    private Running forward(Way way, Attention attention) {
        float[] out = new float[heads * t * hv];
        float[] lse = new float[heads * t];
        return Running.of(
                attention, () -> Split.tasks(way, heads, head -> forward(attention, head, out, lse)), () -> out);
    }

    private void forward(Attention attention, int head, float[] out, float[] lse) {
        int at = head * t;
        float scale = (float) (1 / Math.sqrt(h));
        attention.forward(t, h, hv, scale, q, at * h, k, at * h, v, at * hv, out, at * hv, hv, lse, at);
    }

    private Running backward(Way way, Attention attention) {
        float[] out = new float[heads * t * hv];
        float[] lse = new float[heads * t];
        Split.tasks(way, heads, head -> forward(attention, head, out, lse));
        float[] dq = new float[q.length];
        float[] dk = new float[k.length];
        float[] dv = new float[v.length];
        float scale = (float) (1 / Math.sqrt(h));
        // spotless:off: one argument a line would hide which arrays belong together
        Runnable run = () -> Split.tasks(way, heads, head -> {
            int at = head * t;
            attention.backward(t, h, hv, scale, q, at * h, k, at * h, v, at * hv, out, dOut, at * hv, at * hv, hv,
                    lse, at, dq, at * h, dk, at * h, dv, at * hv);
        });
        // spotless:on
        return Running.of(attention, run, () -> Draw.joined(dq, dk, dv));
    }

    @Override
    public void verify(Way way, float[] result) {
        Running reference = on(Way.REFERENCE).orElseThrow();
        reference.run().run();
        Verified.close(Verified.label(this, way), result, 0, reference.result().get(), 2e-4, 2e-4);
    }
}
