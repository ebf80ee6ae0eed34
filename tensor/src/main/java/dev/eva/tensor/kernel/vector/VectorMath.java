package dev.eva.tensor.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The one vector shape of this process, and functions whose vector and scalar forms take the same steps, so that an
 * element has
 * the same result in a full vector and in a loop's tail.
 *
 * <p>C2 inlines the vector forms into a hot loop as long as its budget of nodes for the method lasts, and {@code exp}
 * takes about a third of it: a vector that passes a call that was not inlined is allocated. So one {@code exp} a
 * method, in a method of its own.
 */
final class VectorMath {
    /** The widest shape that this CPU works with. */
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    static final int LANES = SPECIES.length();

    /** Vector registers: 32 with AVX-512 and on ARM, else 16. */
    static final int REGISTERS =
            SPECIES.vectorBitSize() == 512 || System.getProperty("os.arch").equals("aarch64") ? 32 : 16;

    private static final float LOG2_E = 1.44269504f;
    /** 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits. */
    private static final float ROUND = 12582912f;
    /** ln 2 in two parts; the high one has few enough bits that n times it is exact. */
    private static final float LN2_HIGH = 0.693359375f;

    private static final float LN2_LOW = -2.12194440e-4f;
    /** exp(r) = 1 + r + r^2 (C2 + C3 r + ... + C6 r^4) for |r| <= ln(2) / 2, a minimax fit: relative error 3.1e-9. */
    private static final float C2 = 0.5f;

    private static final float C3 = 0.16666518f;
    private static final float C4 = 0.041666206f;
    private static final float C5 = 0.008368918f;
    private static final float C6 = 0.001395054f;
    /** Below, exp is under the smallest normal number and becomes 0; above, it becomes infinity. */
    private static final float EXP_MIN = -87.33654f;

    private static final float EXP_MAX = 88.72283f;

    private static final int MANTISSA_BITS = 23;
    /** The bits of 1. */
    private static final int ONE = 0x3f800000;

    private static final VectorShuffle<Float> ROTATE_32 = rotate(32);
    private static final VectorShuffle<Float> ROTATE_16 = rotate(16);
    private static final VectorShuffle<Float> ROTATE_8 = rotate(8);
    private static final VectorShuffle<Float> ROTATE_4 = rotate(4);
    private static final VectorShuffle<Float> ROTATE_2 = rotate(2);
    private static final VectorShuffle<Float> ROTATE_1 = rotate(1);

    private VectorMath() {}

    /** {@code e^x} within 2 ulp; 0 where it would be subnormal, infinity above 88.72; NaN stays NaN. */
    static float exp(float x) {
        float t = Math.fma(x, LOG2_E, ROUND);
        float n = t - ROUND;
        float r = Math.fma(n, -LN2_HIGH, x);
        r = Math.fma(n, -LN2_LOW, r);
        float q = Math.fma(C6, r, C5);
        q = Math.fma(q, r, C4);
        q = Math.fma(q, r, C3);
        q = Math.fma(q, r, C2);
        float y = Math.fma(q, r * r, r) + 1f;
        float scaled = Float.intBitsToFloat(Float.floatToRawIntBits(y) + (Float.floatToRawIntBits(t) << MANTISSA_BITS));
        // Beyond the range of the bit arithmetic: infinity, and whatever NaN x is, which would come out as a number
        // there.
        return x < EXP_MIN ? 0f : x <= EXP_MAX ? scaled : x + Float.POSITIVE_INFINITY;
    }

    /** {@link #exp(float)} in every lane, to the same bits. */
    static FloatVector exp(FloatVector x) {
        FloatVector t = x.fma(FloatVector.broadcast(SPECIES, LOG2_E), FloatVector.broadcast(SPECIES, ROUND));
        FloatVector n = t.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW), r);
        FloatVector q = r.fma(FloatVector.broadcast(SPECIES, C6), FloatVector.broadcast(SPECIES, C5));
        q = q.fma(r, FloatVector.broadcast(SPECIES, C4));
        q = q.fma(r, FloatVector.broadcast(SPECIES, C3));
        q = q.fma(r, FloatVector.broadcast(SPECIES, C2));
        FloatVector y = q.fma(r.mul(r), r).add(1f);
        IntVector power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, MANTISSA_BITS);
        FloatVector scaled = y.reinterpretAsInts().add(power).reinterpretAsFloats();
        return x.add(Float.POSITIVE_INFINITY)
                .blend(scaled, x.compare(VectorOperators.LE, EXP_MAX))
                .blend(0f, x.compare(VectorOperators.LT, EXP_MIN));
    }

    /** {@link #expOfLow(FloatVector)}, to the same bits for any x. */
    static float expOfLow(float x) {
        float t = Math.fma(x, LOG2_E, ROUND);
        float n = t - ROUND;
        float r = Math.fma(n, -LN2_HIGH, x);
        r = Math.fma(n, -LN2_LOW, r);
        float q = Math.fma(C6, r, C5);
        q = Math.fma(q, r, C4);
        q = Math.fma(q, r, C3);
        q = Math.fma(q, r, C2);
        float y = Math.fma(q, r * r, r) + 1f;
        float power = Float.intBitsToFloat((Float.floatToRawIntBits(t) << MANTISSA_BITS) + ONE);
        return x < EXP_MIN ? 0f : y * power;
    }

    /**
     * {@link #exp(FloatVector)} to the same bits for x of at most 88, which is all that softmax has: without its care
     * for infinity, two operations less.
     */
    static FloatVector expOfLow(FloatVector x) {
        FloatVector t = x.fma(FloatVector.broadcast(SPECIES, LOG2_E), FloatVector.broadcast(SPECIES, ROUND));
        FloatVector n = t.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW), r);
        FloatVector q = r.fma(FloatVector.broadcast(SPECIES, C6), FloatVector.broadcast(SPECIES, C5));
        q = q.fma(r, FloatVector.broadcast(SPECIES, C4));
        q = q.fma(r, FloatVector.broadcast(SPECIES, C3));
        q = q.fma(r, FloatVector.broadcast(SPECIES, C2));
        FloatVector y = q.fma(r.mul(r), r).add(1f);
        IntVector power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, MANTISSA_BITS);
        FloatVector scaled = y.mul(power.add(ONE).reinterpretAsFloats());
        return scaled.blend(0f, x.compare(VectorOperators.LT, EXP_MIN));
    }

    /**
     * The sum of all lanes, half added to half: one order on every tier of the JVM, which {@code reduceLanes} does not
     * promise.
     */
    static float sum(FloatVector v) {
        FloatVector s = v;
        if (LANES > 32) {
            s = s.add(s.rearrange(ROTATE_32));
        }
        if (LANES > 16) {
            s = s.add(s.rearrange(ROTATE_16));
        }
        if (LANES > 8) {
            s = s.add(s.rearrange(ROTATE_8));
        }
        if (LANES > 4) {
            s = s.add(s.rearrange(ROTATE_4));
        }
        s = s.add(s.rearrange(ROTATE_2));
        s = s.add(s.rearrange(ROTATE_1));
        return s.lane(0);
    }

    /** {@link #sum(FloatVector)} of the lanes in an array, which is overwritten, to the same bits. */
    static float sum(float[] lanes) {
        for (int half = LANES / 2; half > 0; half >>= 1) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }

    private static VectorShuffle<Float> rotate(int lanes) {
        return VectorShuffle.iota(SPECIES, lanes, 1, true);
    }
}
