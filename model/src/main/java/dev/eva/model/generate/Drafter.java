package dev.eva.model.generate;

import dev.eva.mla.LatentCache;
import dev.eva.mla.MlaInference;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.MtpLayer;
import dev.eva.model.Probe;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import java.util.Arrays;
import java.util.List;

/**
 * Multi-token prediction layers that propose how a sequence goes on. Depth k has read place i once the token
 * {@code i + k} is known and depth k - 1 (the model, for the first) has read the place; from the last place it proposes
 * a token, with which the next depth can read its own.
 *
 * <p>Source: DeepSeek-V3, arXiv:2412.19437, section 2.2
 */
final class Drafter {
    private final DeepSeekModel model;
    private final List<Depth> depths;
    private final Workspace workspace = new Workspace();
    private final float[] logits;

    /** A layer, its cache, and rows (D) of the depth before, of {@code count} places from {@code first} on. */
    private static final class Depth {
        private final MtpLayer layer;
        private final MlaInference attention;
        private final LatentCache cache;
        private final int width;
        private float[] rows = new float[0];
        private int first;
        private int count;

        Depth(DeepSeekModel model, MtpLayer layer) {
            this.layer = layer;
            this.attention = new MlaInference(layer.attn());
            this.cache = new LatentCache(model.config().mla(), model.config().maxPositionEmbeddings());
            this.width = model.config().hiddenSize();
        }

        /** Places whose rows have come. */
        int end() {
            return first + count;
        }

        void add(Tensor more) {
            int n = more.dim(0);
            if (rows.length < (count + n) * width) {
                rows = Arrays.copyOf(rows, 2 * (count + n) * width);
            }
            System.arraycopy(more.array(), more.offset(), rows, count * width, n * width);
            count += n;
        }

        /** Rows of the {@code m} places from {@code start} on. */
        Tensor rows(int start, int m) {
            int at = (start - first) * width;
            return Tensor.of(Arrays.copyOfRange(rows, at, at + m * width), m, width);
        }

        void clear() {
            cache.truncate(0);
            first = 0;
            count = 0;
        }

        /** Forgets what was read from place {@code read} on, rows of places before it and from {@code end} on. */
        void settle(int read, int end) {
            cache.truncate(read);
            int kept = Math.max(0, Math.min(end(), end) - read);
            System.arraycopy(rows, (read - first) * width, rows, 0, kept * width);
            first = read;
            count = kept;
        }
    }

    Drafter(DeepSeekModel model) {
        if (model.predictionLayers().isEmpty()) {
            throw new IllegalArgumentException("speculative decoding: the model has no multi-token prediction layer;"
                    + " train one with eva train --mtp 1");
        }
        this.model = model;
        this.depths = model.predictionLayers().stream()
                .map(layer -> new Depth(model, layer))
                .toList();
        this.logits = new float[model.config().vocabSize()];
    }

    /** Tokens proposed at a time: one a depth. */
    int depths() {
        return depths.size();
    }

    /** Forgets everything. */
    void restart() {
        depths.forEach(Depth::clear);
    }

    /** Takes what the model gave for its next places: rows of the residual stream after its last layer. */
    void take(Tensor x) {
        depths.getFirst().add(model.normed(x));
    }

    /** Forgets what was taken of places from {@code places} on. */
    void keep(int places) {
        Depth depth = depths.getFirst();
        depth.settle(depth.cache.length(), places);
    }

    /**
     * Reads what can be read, so that little is left to do later and to hold.
     *
     * @param text whose token {@code base + i} is that of place i
     * @param known places whose token is known
     */
    void read(int[] text, int base, int known) {
        for (int k = 1; k <= depths.size(); k++) {
            read(k, text, base, known, false);
        }
        settle(known);
    }

    /**
     * Proposes tokens after a text whose last token the model has not read.
     *
     * @param text whose token {@code base + i} is that of place i; the proposals are written behind the known ones
     * @param known places whose token is known
     * @param count proposals, at most {@link #depths}
     * @return what each was drawn from
     */
    Distribution[] draft(int[] text, int base, int known, int count, Draws draws) {
        Distribution[] q = new Distribution[count];
        for (int k = 1; k <= count; k++) {
            read(k, text, base, known + k - 1, true);
            q[k - 1] = draws.distribution(logits, 0);
            text[base + known + k - 1] = draws.propose(q[k - 1]);
        }
        settle(known);
        return q;
    }

    /** Lets depth k read all places whose token i + k is among the known ones. */
    private void read(int k, int[] text, int base, int known, boolean propose) {
        Depth depth = depths.get(k - 1);
        int start = depth.cache.length();
        int m = Math.min(depth.end(), known - k) - start;
        if (m <= 0) {
            return;
        }
        try (Workspace.Scope step = workspace.open()) {
            Tensor h = depth.rows(start, m);
            Tensor e = model.embed(IntTensor.of(Arrays.copyOfRange(text, base + start + k, base + start + k + m), m));
            MtpLayer.Output out =
                    depth.layer.forward(h, e, x -> depth.attention.forward(x, depth.cache, start), Probe.NONE);
            if (k < depths.size()) {
                depths.get(k).add(out.x());
            }
            if (propose) {
                Tensor last = model.head(out.normed().slice(m - 1, m));
                System.arraycopy(last.array(), last.offset(), logits, 0, logits.length);
            }
        }
    }

    /** Forgets what rests on proposals, and rows that have been read for good. */
    private void settle(int known) {
        int end = Integer.MAX_VALUE;
        for (int k = 1; k <= depths.size(); k++) {
            Depth depth = depths.get(k - 1);
            int read = Math.min(depth.cache.length(), Math.max(0, known - k));
            depth.settle(read, end);
            end = read;
        }
    }
}
