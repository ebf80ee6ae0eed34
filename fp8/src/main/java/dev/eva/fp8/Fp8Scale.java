package dev.eva.fp8;

/** How the scale of a tile is rounded, before anything is divided by it. */
public enum Fp8Scale {
    /** {@code scale = max(amax, 1e-4) / max}, in float32. */
    FLOAT32 {
        @Override
        float round(float scale) {
            return scale;
        }
    },
    /** The next power of two that is not less (UE8M0): dividing by it is exact, and nothing grows beyond the format. */
    POWER_OF_TWO {
        @Override
        float round(float scale) {
            return Ue8m0.ceil(scale);
        }
    };

    /** Tiles of less are scaled as if this were their largest value (DeepSeek-V3's kernels). */
    private static final float MIN_AMAX = 1e-4f;

    /**
     * What the values of a tile are divided by, and codes multiplied with.
     *
     * @param amax largest absolute value of the tile; NaN and infinity give a scale that is not finite either, so that
     *     they are seen
     */
    public float of(float amax, Fp8Format format) {
        return round(Math.max(amax, MIN_AMAX) / format.max());
    }

    abstract float round(float scale);
}
