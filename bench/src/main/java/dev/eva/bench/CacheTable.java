package dev.eva.bench;

import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.model.generate.CacheFormat;
import dev.eva.model.generate.Decoder;
import dev.eva.model.generate.Sequence;
import dev.eva.model.text.Corpus;
import dev.eva.model.text.Tokenizer;
import dev.eva.model.text.Tokenizers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What a smaller latent cache costs: bytes a token, and the loss over the end of a text that is read token by token, so
 * that every prediction rests on the cache.
 *
 * <p>{@code java ... dev.eva.bench.CacheTable CHECKPOINT TOKENIZER-FOLDER TEXT TOKENS}
 */
final class CacheTable {
    private CacheTable() {}

    public static void main(String[] args) {
        Tokenizer tokenizer = Tokenizers.load(Path.of(args[1]));
        StringBuilder text = new StringBuilder();
        Corpus.of(List.of(args[2])).read(text::append);
        int[] ids = tokenizer.encode(text.toString());
        int[] end = Arrays.copyOfRange(ids, ids.length - Integer.parseInt(args[3]), ids.length);
        System.out.println("| cache | bytes a token | loss | tokens/s |\n|---|---|---|---|");
        try (MappedModel mapped = Checkpoint.open(Path.of(args[0]))) {
            for (CacheFormat format : CacheFormat.values()) {
                row(new Decoder(mapped.model(), Decoder.CHUNK, format), format, end);
            }
        }
    }

    private static void row(Decoder decoder, CacheFormat format, int... ids) {
        Sequence sequence = decoder.begin();
        float[] logits = new float[decoder.model().config().vocabSize()];
        double loss = 0;
        int predicted = 0;
        long start = System.nanoTime();
        for (int i = 0; i + 1 < ids.length; i++) {
            if (sequence.remaining() == 0) {
                sequence.truncate(0);
            }
            decoder.accept(sequence, logits, ids[i]);
            loss -= logProbability(logits, ids[i + 1]);
            predicted++;
        }
        double seconds = (System.nanoTime() - start) * 1e-9;
        System.out.printf(
                Locale.ROOT,
                "| %s | %d | %.5f | %.0f |%n",
                format,
                sequence.bytesAToken(),
                loss / predicted,
                predicted / seconds);
    }

    private static double logProbability(float[] logits, int id) {
        double max = Double.NEGATIVE_INFINITY;
        for (float x : logits) {
            max = Math.max(max, x);
        }
        double sum = 0;
        for (float x : logits) {
            sum += Math.exp(x - max);
        }
        return logits[id] - max - Math.log(sum);
    }
}
