package dev.eva.tensor.kernel;

/**
 * The ceilings of a processor, which no other kernel can exceed: measured beside every figure of {@code eva bench}, never
 * looked up. Single-threaded: the caller runs it on every thread at once.
 */
public interface Peak {
    /** The scalar reference. */
    Peak REFERENCE = new Peak() {};

    /**
     * Fused multiply-adds in registers alone: {@code turns} times {@code x = x * factor + factor} in as many independent
     * chains as keep the units busy.
     *
     * @param out receives the mean of all chains, so that nothing can be left out
     * @return floating-point operations done, two for each multiply-add
     */
    default double multiplyAdd(int turns, float factor, float[] out, int outOffset) {
        float a = factor;
        float b = factor;
        for (int i = 0; i < turns; i++) {
            a = a * factor + factor;
            b = b * factor + factor;
        }
        out[outOffset] = (a + b) / 2;
        return 4.0 * turns;
    }
}
