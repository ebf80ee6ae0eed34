package dev.eva.tensor.kernel;

/**
 * One step of Adam with decoupled weight decay (arXiv:1711.05101), in one pass over parameters, gradients and both
 * moments.
 * Single-threaded: the optimiser cuts the range.
 */
public interface AdamWKernel {
    /** The scalar reference. */
    AdamWKernel REFERENCE = new AdamWKernel() {};

    /** Elements whose moments are wide at once: they stay in the first-level cache. */
    int WIDE = 512;

    /**
     * The numbers of a step, the same for every element.
     *
     * @param lr step size {@code a}
     * @param decay {@code w}: parameters shrink by {@code 1 - a w}; 0 for those that are not decayed
     * @param beta1 decay rate of the first moment
     * @param beta2 decay rate of the second moment
     * @param eps added to the root of the second moment
     * @param stepSize {@code a / (1 - beta1^t)}
     * @param invRootCorrection2 {@code 1 / sqrt(1 - beta2^t)}
     * @param gradFactor what every gradient is multiplied by first
     */
    record Step(
            float lr,
            float decay,
            float beta1,
            float beta2,
            float eps,
            float stepSize,
            float invRootCorrection2,
            float gradFactor) {
        /** The numbers of step {@code t}, the first of which is 1. */
        public static Step at(long t, float lr, float decay, double beta1, double beta2, double eps) {
            if (t < 1) {
                throw new IllegalArgumentException("adamW: step " + t + "; the first step is 1");
            }
            return new Step(
                    lr,
                    decay,
                    (float) beta1,
                    (float) beta2,
                    (float) eps,
                    (float) (lr / (1 - Math.pow(beta1, t))),
                    (float) (1 / Math.sqrt(1 - Math.pow(beta2, t))),
                    1f);
        }

        /** The same step with scaled gradients. */
        public Step withGradFactor(float factor) {
            return new Step(lr, decay, beta1, beta2, eps, stepSize, invRootCorrection2, factor);
        }

        /** What parameters are multiplied by before the step: {@code 1 - a w}. */
        public float keep() {
            return 1f - lr * decay;
        }
    }

    /**
     * {@code p *= 1 - a w}; {@code m = b1 m + (1 - b1) g}; {@code v = b2 v + (1 - b2) g^2};
     * {@code p -= a / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)}.
     *
     * @param n number of elements of each array
     */
    default void step(
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
        float keep = step.keep();
        float b1 = step.beta1();
        float b2 = step.beta2();
        for (int i = 0; i < n; i++) {
            float grad = step.gradFactor() * g[gOffset + i];
            float mi = Math.fma(b1, m[mOffset + i], (1f - b1) * grad);
            float vi = Math.fma(b2, v[vOffset + i], (1f - b2) * grad * grad);
            m[mOffset + i] = mi;
            v[vOffset + i] = vi;
            float root = Math.fma((float) Math.sqrt(vi), step.invRootCorrection2(), step.eps());
            p[pOffset + i] = Math.fma(keep, p[pOffset + i], -(step.stepSize() * mi / root));
        }
    }

    /**
     * The same with moments that are carried in bfloat16: widened, moved on and used in float32, then rounded to the
     * nearest, ties to even (arXiv:2412.19437, section 3.3.3).
     */
    default void stepBf16(
            int n,
            Step step,
            float[] g,
            int gOffset,
            float[] p,
            int pOffset,
            short[] m,
            int mOffset,
            short[] v,
            int vOffset) {
        float[] wide = new float[2 * Math.min(n, WIDE)];
        int second = wide.length / 2;
        for (int i = 0; i < n; i += WIDE) {
            int here = Math.min(WIDE, n - i);
            Bfloat16.decode(here, m, mOffset + i, wide, 0);
            Bfloat16.decode(here, v, vOffset + i, wide, second);
            step(here, step, g, gOffset + i, p, pOffset + i, wide, 0, wide, second);
            Bfloat16.encode(here, wide, 0, m, mOffset + i);
            Bfloat16.encode(here, wide, second, v, vOffset + i);
        }
    }
}
