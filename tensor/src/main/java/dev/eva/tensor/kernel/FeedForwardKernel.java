package dev.eva.tensor.kernel;

/**
 * Feed-forward networks with SwiGLU, one or one an expert, as a whole: for kernels that keep somewhere else what is
 * between the two products, on a device.
 *
 * <p>Letters: T tokens, D model dimension, F hidden width, E networks, K networks a token, S = T * K slots: copies of
 * tokens, those of one network neighbours. The weights were prepared by the {@link Gemm} of the same provider.
 */
public interface FeedForwardKernel {
    /** The scalar reference. */
    FeedForwardKernel REFERENCE = new FeedForwardKernel() {};

    /**
     * Which network computes which token.
     *
     * @param starts (E + 1) ascending numbers from 0 to S: slots {@code [starts[e], starts[e + 1])} are network e's
     * @param perToken K
     * @param pickOfSlot (S) the pick {@code t * K + j} of a slot: the j-th network of token t
     * @param slotOfPick (S) the inverse
     * @param weights (T, K) of the picks, from {@code weightsOffset} on
     */
    record Slots(int[] starts, int perToken, int[] pickOfSlot, int[] slotOfPick, float[] weights, int weightsOffset) {
        /** Every token in the one network there is, with weight one. */
        public static Slots all(int tokens) {
            return new Slots(new int[] {0, tokens}, 1, null, null, null, 0);
        }

        /** S. */
        public int count() {
            return starts[starts.length - 1];
        }

        /** T. */
        public int tokens() {
            return count() / perToken;
        }

        /** Whether slots are the tokens themselves: there is one network, and no weight. */
        public boolean areTokens() {
            return pickOfSlot == null;
        }
    }

    /**
     * Whether {@link #forward} is better here than its steps one by one, each by its own kernel.
     *
     * @param slots S
     */
    default boolean pays(int slots, Gemm.Prepared w13, Gemm.Prepared w2) {
        return false;
    }

    /**
     * {@code y_t = sum_j g_tj W2_e (silu(W1_e x_t) * W3_e x_t)} over the networks e of token t.
     *
     * @param x (T, D)
     * @param w13 (2F, D) a network, the rows of W1 first
     * @param w2 (D, F) a network
     * @param gateUp receives {@code W1_e x, W3_e x} of every slot (S, 2F), for who needs them later; or null
     * @param y (T, D), overwritten
     */
    default void forward(
            Slots slots,
            float[] x,
            int xOffset,
            Gemm.Prepared w13,
            Gemm.Prepared w2,
            float[] gateUp,
            int gateUpOffset,
            float[] y,
            int yOffset) {
        int count = slots.count();
        int d = w2.n;
        int f = w2.k;
        float[] in = new float[count * d];
        for (int s = 0; s < count; s++) {
            int token = slots.areTokens() ? s : slots.pickOfSlot[s] / slots.perToken;
            System.arraycopy(x, xOffset + token * d, in, s * d, d);
        }
        float[] hidden = gateUp == null ? new float[count * 2 * f] : gateUp;
        int at = gateUp == null ? 0 : gateUpOffset;
        Gemm.REFERENCE.multiplyGrouped(slots.starts, in, 0, d, 1, w13, 0f, hidden, at, 2 * f);
        float[] act = new float[count * f];
        Elementwise.REFERENCE.swiGlu(count, f, hidden, at, act, 0);
        // The inputs have served: their memory takes the results.
        Gemm.REFERENCE.multiplyGrouped(slots.starts, act, 0, f, 1, w2, 0f, in, 0, d);
        for (int t = 0; t < slots.tokens(); t++) {
            for (int i = 0; i < d; i++) {
                float sum = slots.areTokens() ? in[t * d + i] : 0f;
                for (int pick = t * slots.perToken; !slots.areTokens() && pick < (t + 1) * slots.perToken; pick++) {
                    sum += slots.weights[slots.weightsOffset + pick] * in[slots.slotOfPick[pick] * d + i];
                }
                y[yOffset + t * d + i] = sum;
            }
        }
    }
}
