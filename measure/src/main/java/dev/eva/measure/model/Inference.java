package dev.eva.measure.model;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.generate.Decoder;
import dev.eva.model.generate.Sequence;
import java.util.SplittableRandom;

/** Reading and writing random tokens with a warm model, as llama-bench's pp and tg measure them. */
public final class Inference {
    private final Decoder decoder;
    private final Sequence sequence;
    private final int vocab;
    private final float[] logits;

    public Inference(DeepSeekModel model) {
        this.decoder = new Decoder(model);
        this.sequence = decoder.begin();
        this.vocab = model.config().vocabSize();
        this.logits = new float[vocab];
    }

    /** Seconds that a prompt of {@code n} tokens takes with an empty cache. */
    public double prefill(int n) {
        return prefill(0, n);
    }

    /** Seconds that the tokens of a prompt from {@code from} on take, behind those before, which are in the cache. */
    public double prefill(int from, int to) {
        sequence.truncate(from);
        int[] ids = tokens(to - from);
        long start = System.nanoTime();
        decoder.accept(sequence, logits, ids);
        return (System.nanoTime() - start) * 1e-9;
    }

    /** Seconds that {@code n} tokens take, one after the other, behind a first one. */
    public double decode(int n) {
        prefill(1);
        return decode(1, n);
    }

    /** The same behind {@code context} tokens, those of the last call where there were as many. */
    public double decode(int context, int n) {
        if (sequence.position() < context) {
            prefill(context);
        }
        sequence.truncate(context);
        int[] ids = tokens(n);
        int[] one = new int[1];
        long start = System.nanoTime();
        for (int id : ids) {
            one[0] = id;
            decoder.accept(sequence, logits, one);
        }
        return (System.nanoTime() - start) * 1e-9;
    }

    /** The same ones in every call, whatever was asked before: answers of two processes can be compared. */
    private int[] tokens(int n) {
        return new SplittableRandom(1).ints(n, 0, vocab).toArray();
    }

    /** Logits behind the last token that was taken. */
    public float[] logits() {
        return logits.clone();
    }
}
