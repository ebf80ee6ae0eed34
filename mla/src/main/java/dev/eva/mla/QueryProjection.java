package dev.eva.mla;

/** How queries are made from the hidden state. */
public sealed interface QueryProjection {
    /** One matrix: {@code q = W_q h} (V2-Lite, Moonlight; {@code q_lora_rank} null). */
    record Direct() implements QueryProjection {}

    /** Through a latent of its own: {@code q = W_qb RMSNorm(W_qa h)} (V2, V3). */
    record LowRank(int qLoraRank) implements QueryProjection {
        public LowRank {
            if (qLoraRank < 1) {
                throw new IllegalArgumentException(
                        "q_lora_rank: " + qLoraRank + "; need at least 1, or null for a direct projection");
            }
        }
    }
}
