package dev.eva.nn;

import java.util.Arrays;
import java.util.Objects;

/**
 * Rotary position embedding (arXiv:2104.09864) of interleaved pairs: at position {@code p}, pair {@code k} of a vector
 * is rotated as a complex number, {@code (x_2k + i x_2k+1) * m e^(i p f_k)}, with {@code f_k = theta^(-2k / dim)}.
 *
 * <p>YaRN (arXiv:2309.00071) changes the frequencies and sets the factor {@code m} of cos and sin, and through
 * {@link #softmaxScale} the temperature of attention. It applies at every length, as in Hugging Face transformers; and
 * as there, the angle is the float32 product of position and frequency, so that far positions agree with models that
 * were trained so.
 *
 * <p>Tables grow as positions are asked for: a model that could read 163840 tokens pays for those that it reads.
 */
public final class Rope {
    private static final int FIRST_POSITIONS = 256;

    /** cos and sin of all angles: entry {@code p * pairs + k} belongs to position p and pair k. */
    public record Tables(int positions, int pairs, float[] cos, float[] sin) {
        /**
         * Rotates the {@code 2 * pairs} values at {@code xOffset} to {@code position}, into {@code y}, which may be
         * {@code x}.
         */
        public void rotate(int position, float[] x, int xOffset, float[] y, int yOffset) {
            int at = position * pairs;
            for (int k = 0; k < pairs; k++) {
                float c = cos[at + k];
                float s = sin[at + k];
                float a = x[xOffset + 2 * k];
                float b = x[xOffset + 2 * k + 1];
                y[yOffset + 2 * k] = a * c - b * s;
                y[yOffset + 2 * k + 1] = a * s + b * c;
            }
        }

        /** The transposed map, which takes a gradient of {@link #rotate}'s result to one of its argument. */
        public void rotateTransposed(int position, float[] x, int xOffset, float[] y, int yOffset) {
            int at = position * pairs;
            for (int k = 0; k < pairs; k++) {
                float c = cos[at + k];
                float s = sin[at + k];
                float a = x[xOffset + 2 * k];
                float b = x[xOffset + 2 * k + 1];
                y[yOffset + 2 * k] = a * c + b * s;
                y[yOffset + 2 * k + 1] = b * c - a * s;
            }
        }
    }

    private final RopeConfig config;
    private final int maxPositions;
    private final float[] frequencies;
    private final double multiplier;
    private volatile Tables tables;

    /**
     * @param dim width of the rotated vectors, even
     * @param maxPositions number of positions that may ever be asked for
     */
    public Rope(RopeConfig config, int dim, int maxPositions) {
        if (dim < 2 || dim % 2 != 0) {
            throw new IllegalArgumentException(
                    "rope: dim " + dim + "; need a positive even number, dimensions rotate in pairs");
        }
        if (maxPositions < 1) {
            throw new IllegalArgumentException("rope: max positions " + maxPositions + "; need at least 1");
        }
        this.config = Objects.requireNonNull(config, "config");
        this.maxPositions = maxPositions;
        this.frequencies = RopeFrequencies.of(config, dim);
        this.multiplier = RopeFrequencies.multiplier(config.scaling());
        this.tables = new Tables(0, dim / 2, new float[0], new float[0]);
    }

    /** Tables of at least {@code positions} positions. */
    public Tables tables(int positions) {
        Tables t = tables;
        return positions <= t.positions ? t : grow(positions);
    }

    private synchronized Tables grow(int positions) {
        if (positions > maxPositions) {
            throw new IllegalArgumentException("rope: position " + (positions - 1) + " asked for; need less than "
                    + maxPositions + " (max_position_embeddings)");
        }
        Tables old = tables;
        if (positions <= old.positions) {
            return old;
        }
        int n = (int) Math.min(maxPositions, Math.max(FIRST_POSITIONS, Math.max(positions, 2L * old.positions)));
        int pairs = frequencies.length;
        float[] cos = Arrays.copyOf(old.cos, Math.multiplyExact(n, pairs));
        float[] sin = Arrays.copyOf(old.sin, n * pairs);
        for (int p = old.positions; p < n; p++) {
            for (int k = 0; k < pairs; k++) {
                float angle = (float) p * frequencies[k];
                cos[p * pairs + k] = (float) (Math.cos(angle) * multiplier);
                sin[p * pairs + k] = (float) (Math.sin(angle) * multiplier);
            }
        }
        tables = new Tables(n, pairs, cos, sin);
        return tables;
    }

    /** A copy of the frequencies {@code f_k}, in radians a position. */
    public float[] frequencies() {
        return frequencies.clone();
    }

    /** The factor m of cos and sin: {@code m(factor, mscale) / m(factor, mscaleAllDim)}, 1 in all DeepSeek models. */
    public double multiplier() {
        return multiplier;
    }

    /**
     * Scale of the scores: {@code qkHeadDim^(-1/2)}, with YaRN's mscaleAllDim times {@code m(factor, mscaleAllDim)^2}.
     */
    public double softmaxScale(int qkHeadDim) {
        return Math.pow(qkHeadDim, -0.5) * RopeFrequencies.softmaxFactor(config.scaling());
    }
}
