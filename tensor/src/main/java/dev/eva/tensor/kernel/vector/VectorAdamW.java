package dev.eva.tensor.kernel.vector;

import static dev.eva.tensor.kernel.vector.VectorMath.LANES;
import static dev.eva.tensor.kernel.vector.VectorMath.SPECIES;

import dev.eva.tensor.kernel.AdamWKernel;
import jdk.incubator.vector.FloatVector;

/** The same steps as the reference, to the same bits; bound by memory, 16 bytes read and 12 written an element. */
final class VectorAdamW implements AdamWKernel {
    @Override
    public void step(
            int n,
            Step step,
            float[] g,
            int gOffset,
            float[] p,
            int pOffset,
            float[] m,
            int mOffset,
            float[] v,
            int vOffset) {
        FloatVector keep = FloatVector.broadcast(SPECIES, step.keep());
        FloatVector b1 = FloatVector.broadcast(SPECIES, step.beta1());
        FloatVector b2 = FloatVector.broadcast(SPECIES, step.beta2());
        FloatVector correction = FloatVector.broadcast(SPECIES, step.invRootCorrection2());
        FloatVector eps = FloatVector.broadcast(SPECIES, step.eps());
        float gain1 = 1f - step.beta1();
        float gain2 = 1f - step.beta2();
        float gradFactor = step.gradFactor();
        float stepSize = step.stepSize();
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += LANES) {
            FloatVector grad = FloatVector.fromArray(SPECIES, g, gOffset + i).mul(gradFactor);
            FloatVector mi = b1.fma(FloatVector.fromArray(SPECIES, m, mOffset + i), grad.mul(gain1));
            FloatVector vi = b2.fma(
                    FloatVector.fromArray(SPECIES, v, vOffset + i),
                    grad.mul(gain2).mul(grad));
            mi.intoArray(m, mOffset + i);
            vi.intoArray(v, vOffset + i);
            FloatVector root = vi.sqrt().fma(correction, eps);
            FloatVector change = mi.mul(stepSize).div(root).neg();
            keep.fma(FloatVector.fromArray(SPECIES, p, pOffset + i), change).intoArray(p, pOffset + i);
        }
        REFERENCE.step(n - end, step, g, gOffset + end, p, pOffset + end, m, mOffset + end, v, vOffset + end);
    }
}
