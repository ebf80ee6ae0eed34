package dev.eva.tensor.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The lanes of many vectors added up, each vector's to the bits of {@link VectorMath#sum}. */
final class LaneSums {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;

    private LaneSums() {}

    /**
     * {@code y_r = } the sum of the vector at {@code lanes + r L}, for {@code r < rows}; the lanes are overwritten. As
     * many rows as lanes are added together: interleaving the halves of two vectors and adding them halves both at
     * once, and after log2(L) rounds the sums stand in order. Eight lanes are added one by one: an interleaving is
     * several instructions there, and plain sums took half the time.
     */
    static void add(int rows, float[] lanes, int at, float[] y, int yAt) {
        if (L == 8) {
            for (int r = 0; r < rows; r++) {
                int p = at + r * L;
                y[yAt + r] = ((lanes[p] + lanes[p + 4]) + (lanes[p + 2] + lanes[p + 6]))
                        + ((lanes[p + 1] + lanes[p + 5]) + (lanes[p + 3] + lanes[p + 7]));
            }
            return;
        }
        if (rows < L) {
            for (int r = 0; r < rows; r++) {
                y[yAt + r] = VectorMath.sum(FloatVector.fromArray(S, lanes, at + r * L));
            }
            return;
        }
        for (int half = L / 2; half > 0; half >>= 1) {
            for (int i = 0; i < half; i++) {
                FloatVector a = FloatVector.fromArray(S, lanes, at + i * L);
                FloatVector b = FloatVector.fromArray(S, lanes, at + (i + half) * L);
                Transpose.LOW.selectFrom(a, b).add(Transpose.HIGH.selectFrom(a, b)).intoArray(lanes, at + i * L);
            }
        }
        FloatVector.fromArray(S, lanes, at).intoArray(y, yAt);
    }
}
