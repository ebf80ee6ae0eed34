package dev.eva.tensor.kernel;

/**
 * The ceilings of a processor, which no other kernel can exceed: measured beside every figure of {@code eva bench},
 * never looked up. Single-threaded: the caller runs it on every thread at once.
 */
public interface Peak {
    /** The scalar reference. */
    Peak REFERENCE = new Peak() {};

    /**
     * Fused multiply-adds in registers alone: {@code turns} times {@code x = x * factor + factor} in as many
     * independent chains as keep the units busy.
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

    /**
     * Reads {@code n} values as quickly as memory gives them.
     *
     * @return their sum in float32, so that nothing can be left out
     */
    default float read(int n, float[] x, int xOffset) {
        float sum = 0f;
        for (int i = 0; i < n; i++) {
            sum += x[xOffset + i];
        }
        return sum;
    }
}
