package dev.eva.tensor.kernel.vector;

import static dev.eva.tensor.kernel.vector.VectorMath.LANES;
import static dev.eva.tensor.kernel.vector.VectorMath.SPECIES;

import dev.eva.tensor.kernel.Reduction;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Each vector of floats becomes two of doubles, each with an accumulator of its own. */
final class VectorReduction implements Reduction {
    private static final VectorSpecies<Double> WIDE = VectorSpecies.of(double.class, SPECIES.vectorShape());

    @Override
    public double sum(int n, float[] x, int xOffset) {
        DoubleVector s0 = DoubleVector.zero(WIDE);
        DoubleVector s1 = DoubleVector.zero(WIDE);
        int i = 0;
        for (int end = SPECIES.loopBound(n); i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, xOffset + i);
            s0 = s0.add(v.convertShape(VectorOperators.F2D, WIDE, 0));
            s1 = s1.add(v.convertShape(VectorOperators.F2D, WIDE, 1));
        }
        double sum = lanes(s0.add(s1));
        for (; i < n; i++) {
            sum += x[xOffset + i];
        }
        return sum;
    }

    @Override
    public double sumOfSquares(int n, float[] x, int xOffset) {
        DoubleVector s0 = DoubleVector.zero(WIDE);
        DoubleVector s1 = DoubleVector.zero(WIDE);
        int i = 0;
        for (int end = SPECIES.loopBound(n); i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, xOffset + i);
            DoubleVector low = (DoubleVector) v.convertShape(VectorOperators.F2D, WIDE, 0);
            DoubleVector high = (DoubleVector) v.convertShape(VectorOperators.F2D, WIDE, 1);
            s0 = low.fma(low, s0);
            s1 = high.fma(high, s1);
        }
        double sum = lanes(s0.add(s1));
        for (; i < n; i++) {
            sum = Math.fma((double) x[xOffset + i], x[xOffset + i], sum);
        }
        return sum;
    }

    /** One by one: {@code reduceLanes} promises no order. */
    private static double lanes(DoubleVector s) {
        double sum = 0;
        for (int lane = 0; lane < WIDE.length(); lane++) {
            sum += s.lane(lane);
        }
        return sum;
    }

    @Override
    public void sumEach(int rows, int width, float[] x, int xOffset, float[] y, int yOffset) {
        if (width == VectorMath.LANES) {
            LaneSums.add(rows, x, xOffset, y, yOffset);
        } else {
            Reduction.super.sumEach(rows, width, x, xOffset, y, yOffset);
        }
    }
}
