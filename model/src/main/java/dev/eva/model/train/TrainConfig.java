package dev.eva.model.train;

/**
 * Everything that decides a training run besides the model and the text.
 *
 * @param batching what a step sees
 * @param budget how long
 * @param optimizer the rule of the update
 * @param schedule the learning rate over the steps
 * @param clip largest norm of the whole gradient
 * @param balance how experts are kept busy alike
 * @param mtp weight of the loss of multi-token prediction, for a model that has its layers
 * @param precision of the products
 * @param validation share of the text, at its end, that is held out, but in a run not more than 131,072 tokens; 0 for
 *     none
 * @param saving when the run is looked at and saved
 * @param maxSkipped steps in a row with a loss or gradient that is not finite which stop the run
 * @param seed of the weights and of the data's order
 */
public record TrainConfig(
        Batching batching,
        Budget budget,
        OptimizerConfig optimizer,
        ScheduleConfig schedule,
        double clip,
        Balance balance,
        Mtp mtp,
        Precision precision,
        double validation,
        Saving saving,
        int maxSkipped,
        long seed) {
    /**
     * What a step sees: {@code accumulation} micro-batches of {@code batchSize} sequences of {@code length} tokens.
     *
     * @param batchSize sequences in a micro-batch, once it has grown
     * @param length tokens in a sequence
     * @param accumulation micro-batches in a step
     * @param growth how a micro-batch begins
     */
    public record Batching(int batchSize, int length, int accumulation, Growth growth) {
        /** Steps that are all alike. */
        public Batching(int batchSize, int length, int accumulation) {
            this(batchSize, length, accumulation, Growth.NONE);
        }

        public Batching {
            atLeast("batch_size", batchSize, 1);
            atLeast("length", length, 1);
            atLeast("accumulation", accumulation, 1);
        }

        /**
         * How many micro-batches of a step each of {@code ranks} processes takes.
         *
         * @throws IllegalArgumentException if they cannot all take as many
         */
        public int each(int ranks) {
            if (ranks < 1 || accumulation % ranks != 0) {
                throw new IllegalArgumentException("ranks: " + ranks + "; a step has " + accumulation
                        + (accumulation == 1 ? " batch" : " batches")
                        + " (--accumulate), which must be a multiple of it");
            }
            return accumulation / ranks;
        }

        /** Tokens in a step, once it has grown. */
        public long tokens() {
            return (long) batchSize * length * accumulation;
        }

        /**
         * Sequences in a micro-batch of the next step: the batch size, halved for as long as it has to grow.
         *
         * @param seen tokens of the steps before it
         */
        public int sequences(long seen) {
            int n = batchSize;
            double share = 1;
            while (n % 2 == 0 && n / 2 >= growth.first && seen < growth.tokens * share * share) {
                n /= 2;
                share /= 2;
            }
            return n;
        }

        /** Tokens of the next step. @param seen tokens of the steps before it */
        public long tokens(long seen) {
            return (long) sequences(seen) * length * accumulation;
        }

        /** Tokens of the next {@code steps} steps. @param seen tokens of the steps before them */
        public long tokens(long seen, long steps) {
            long now = seen;
            for (long s = 0; s < steps; s++) {
                if (now >= growth.tokens) {
                    return now - seen + (steps - s) * tokens();
                }
                now += tokens(now);
            }
            return now - seen;
        }
    }

    /**
     * Small batches first. While a model learns what every batch shows alike, more steps help it more than surer
     * ones; a batch grows by doubling, to half its size after a quarter of {@code tokens}, to all of it after them
     * (DeepSeek-V3's grew over the first 469 billion tokens, arXiv:2412.19437, section 4.2).
     *
     * @param first least sequences of a micro-batch at the beginning
     * @param tokens after which it has its size; 0 for a size that never changes
     */
    public record Growth(int first, long tokens) {
        /** Batches of one size. */
        public static final Growth NONE = new Growth(1, 0);

        public Growth {
            atLeast("growth.first", first, 1);
            atLeast("growth.tokens", tokens, 0);
        }
    }

    /**
     * How experts are kept busy alike (arXiv:2412.19437, section 2.1.2).
     *
     * @param alpha weight of the sequence-wise balance loss; 0 for none
     * @param gamma step of the routing bias; 0 for none
     */
    public record Balance(double alpha, double gamma) {
        public Balance {
            if (!(alpha >= 0) || !(gamma >= 0)) {
                throw new IllegalArgumentException("balance: alpha " + alpha + ", gamma " + gamma + "; need 0 or more");
            }
        }
    }

    /**
     * Weight of the mean loss of the multi-token prediction layers: {@code first} for two thirds of the steps, then
     * {@code last}. DeepSeek-V3 took 0.3 for 10 of its 14.8 trillion tokens, then 0.1 (arXiv:2412.19437, section 4.2).
     *
     * @param first weight at the beginning
     * @param last weight at the end
     */
    public record Mtp(double first, double last) {
        /** As DeepSeek-V3. */
        public static final Mtp DEEPSEEK = new Mtp(0.3, 0.1);

        private static final double SHARE = 10 / 14.8;

        public Mtp {
            if (!(first >= 0 && last >= 0) || Double.isInfinite(first + last)) {
                throw new IllegalArgumentException("mtp-weight: " + first + ", " + last + "; need 0 or more");
            }
        }

        /**
         * The weight of a step.
         *
         * @param done steps before it
         * @param total steps of the run, 0 while that is not known
         */
        public double at(long done, long total) {
            return total == 0 || done < SHARE * total ? first : last;
        }
    }

    /**
     * When the run is looked at and saved, besides its end. A best validation loss is saved, too.
     *
     * @param evalEvery steps between evaluations
     * @param checkpointEvery steps between checkpoints
     * @param keepLast checkpoints that stay besides the best
     */
    public record Saving(long evalEvery, long checkpointEvery, int keepLast) {
        public Saving {
            atLeast("eval_every", evalEvery, 1);
            atLeast("checkpoint_every", checkpointEvery, 1);
            atLeast("keep", keepLast, 1);
        }
    }

    public TrainConfig {
        if (!(clip > 0)) {
            throw new IllegalArgumentException("clip: " + clip + "; need more than 0");
        }
        if (!(validation >= 0 && validation < 1)) {
            throw new IllegalArgumentException("validation: " + validation + "; need a share, 0 to less than 1");
        }
        atLeast("max_skipped", maxSkipped, 1);
    }

    /** The same with experts kept busy in another way. */
    public TrainConfig withBalance(Balance other) {
        return new TrainConfig(
                batching,
                budget,
                optimizer,
                schedule,
                clip,
                other,
                mtp,
                precision,
                validation,
                saving,
                maxSkipped,
                seed);
    }

    /** The same with products in another precision. */
    public TrainConfig withPrecision(Precision other) {
        return new TrainConfig(
                batching, budget, optimizer, schedule, clip, balance, mtp, other, validation, saving, maxSkipped, seed);
    }

    private static void atLeast(String key, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(key + ": " + value + "; need at least " + least);
        }
    }
}
