package dev.eva.measure.cases;

import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Verified;
import dev.eva.measure.Way;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.LatentAttention;
import java.util.Optional;

/** All heads of one new token over a latent cache, in the chunks that decoding scans apart. */
public final class LatentCase implements Case {
    private static final int CHUNK = 128;

    private final int heads;
    private final int length;
    private final int r;
    private final int p;
    private final float[] q;
    private final float[] cache;

    /**
     * @param length rows of the cache
     * @param r latent width
     * @param p width of the rotated key
     */
    public LatentCase(int heads, int length, int r, int p) {
        this.heads = heads;
        this.length = length;
        this.r = r;
        this.p = p;
        this.q = Draw.uniform(heads * (r + p), 21);
        this.cache = Draw.uniform(Math.multiplyExact(length, r + p), 22);
    }

    @Override
    public String what() {
        return "layers";
    }

    @Override
    public String name() {
        return "latent-attention-" + heads + "x" + length + "x" + (r + p);
    }

    @Override
    public double flops() {
        return 2.0 * heads * length * (r + p + r);
    }

    @Override
    public double bytes() {
        return 4.0 * length * (r + p);
    }

    @Override
    public Optional<Running> on(Way way) {
        return Kernels.of(way.provider(), LatentAttention.class, LatentAttention.REFERENCE)
                .map(latent -> {
                    int chunks = Math.ceilDiv(length, CHUNK);
                    int scratch = latent.scratch(heads, Math.min(CHUNK, length), r, p);
                    float[] buffer = new float[chunks * scratch];
                    float[] z = new float[chunks * heads * r];
                    float[] stats = new float[chunks * heads * 2];
                    float scale = (float) (1 / Math.sqrt(r + p));
                    // spotless:off: one argument a line would hide which arrays belong together
            Runnable run = () -> Split.tasks(way, chunks, c -> {
                int rows = Math.min(CHUNK, length - c * CHUNK);
                latent.scan(heads, rows, r, p, scale, q, 0, cache, c * CHUNK * (r + p), buffer, c * scratch,
                        z, c * heads * r, stats, c * heads * 2);
            });
            // spotless:on
                    return Running.of(latent, run, () -> Draw.joined(z, stats));
                });
    }

    @Override
    public void verify(Way way, float[] result) {
        Running reference = on(Way.REFERENCE).orElseThrow();
        reference.run().run();
        Verified.close(Verified.label(this, way), result, 0, reference.result().get(), 2e-4, 2e-4);
    }
}
