package dev.eva.bench;

import com.sun.management.ThreadMXBean;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.model.generate.Decoder;
import dev.eva.model.generate.Sequence;
import dev.eva.tensor.Parallel;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Tokens a second of prefill and decoding, medians: {@code java --add-modules jdk.incubator.vector
 * --enable-native-access=ALL-UNNAMED -cp bench/target/benchmarks.jar dev.eva.bench.InferenceTable CHECKPOINT ...}. The
 * same measurement as llama-bench's pp512, pp64 and tg64: random tokens, an empty cache, the model warm.
 */
public final class InferenceTable {
    private static final int SAMPLES = 5;

    private InferenceTable() {}

    public static void main(String[] args) {
        System.out.println("| checkpoint | threads | pp512 | pp64 | tg64 | bytes a token on the heap |");
        System.out.println("|---|---|---|---|---|---|");
        for (String arg : args) {
            for (int threads : new int[] {Runtime.getRuntime().availableProcessors(), 1}) {
                Parallel.setThreads(threads);
                try (MappedModel mapped = Checkpoint.open(Path.of(arg))) {
                    row(Path.of(arg).getFileName().toString(), threads, mapped.model());
                }
            }
        }
    }

    private static void row(String name, int threads, DeepSeekModel model) {
        Decoder decoder = new Decoder(model);
        Sequence sequence = decoder.begin();
        SplittableRandom random = new SplittableRandom(1);
        int vocab = model.config().vocabSize();
        float[] logits = new float[vocab];
        double[][] perSecond = new double[3][SAMPLES];
        long bytes = 0;
        for (int i = -2; i < SAMPLES; i++) {
            double[] rates = {
                prefill(decoder, sequence, logits, ids(random, vocab, 512)),
                prefill(decoder, sequence, logits, ids(random, vocab, 64)),
                0
            };
            sequence.truncate(0);
            decoder.accept(sequence, logits, ids(random, vocab, 1));
            long before = allocated();
            long start = System.nanoTime();
            for (int t = 0; t < 64; t++) {
                decoder.accept(sequence, logits, random.nextInt(vocab));
            }
            rates[2] = 64e9 / (System.nanoTime() - start);
            bytes = (allocated() - before) / 64;
            for (int k = 0; i >= 0 && k < rates.length; k++) {
                perSecond[k][i] = rates[k];
            }
        }
        double[] median =
                Arrays.stream(perSecond).mapToDouble(s -> Arrays.stream(s).sorted().toArray()[SAMPLES / 2]).toArray();
        System.out.printf(Locale.ROOT, "| %s | %d | %.1f | %.1f | %.2f | %d |%n", name, threads, median[0], median[1],
                median[2], bytes);
    }

    private static double prefill(Decoder decoder, Sequence sequence, float[] logits, int... ids) {
        sequence.truncate(0);
        long start = System.nanoTime();
        decoder.accept(sequence, logits, ids);
        return ids.length * 1e9 / (System.nanoTime() - start);
    }

    private static int[] ids(SplittableRandom random, int vocab, int n) {
        return random.ints(n, 0, vocab).toArray();
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}
