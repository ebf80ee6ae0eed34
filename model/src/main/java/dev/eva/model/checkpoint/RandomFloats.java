package dev.eva.model.checkpoint;

import dev.eva.tensor.Parallel;
import java.util.SplittableRandom;

/**
 * Independent {@code N(0, std^2)} values without end. A value depends on the seed and its place alone, so that parts
 * can be made in any order, by any number of threads, and for any type of storage.
 *
 * @param seed of this tensor
 * @param std standard deviation
 */
record RandomFloats(long seed, float std) implements FloatSource {
    /** Values that share a generator; parts begin at multiples of it. */
    static final int BLOCK = 4096;

    @Override
    public void read(long from, int count, float[] into) {
        if (from % BLOCK != 0) {
            throw new IllegalArgumentException("random values from " + from + "; need a multiple of " + BLOCK);
        }
        long first = from / BLOCK;
        Parallel.range(count, BLOCK, (begin, end) -> {
            // The seeds of neighbouring blocks differ by one: drawing the generator's seed from them parts the streams.
            long block = new SplittableRandom(seed + first + begin / BLOCK).nextLong();
            SplittableRandom random = new SplittableRandom(block);
            for (int i = begin; i < end; i++) {
                into[i] = (float) random.nextGaussian() * std;
            }
        });
    }
}
