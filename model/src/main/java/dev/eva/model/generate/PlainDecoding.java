package dev.eva.model.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** A token of every text a pass. */
final class PlainDecoding {
    private final Decoder decoder;
    private final Set<Integer> endIds;

    PlainDecoding(Decoder decoder, Set<Integer> endIds) {
        this.decoder = decoder;
        this.endIds = endIds;
    }

    /** A text, what the model has read of it, and the logits of its next token. */
    private record Active(int index, Continuation text, Sequence sequence, float[] logits) {}

    List<Generator.Result> continueAll(List<Continuation> texts, Generator.Listener listener) {
        long begin = System.nanoTime();
        List<Active> active = new ArrayList<>();
        for (Continuation text : texts) {
            Active a = new Active(
                    active.size(),
                    text,
                    decoder.begin(),
                    new float[decoder.model().config().vocabSize()]);
            decoder.accept(a.sequence, a.logits, Arrays.copyOf(text.text(), text.length()));
            active.add(a);
        }
        double prefillSeconds = (System.nanoTime() - begin) * 1e-9;
        long prefilled = System.nanoTime();
        float[] logits = new float[active.size() * decoder.model().config().vocabSize()];
        while (!active.isEmpty()) {
            for (Active a : active) {
                a.text.add(a.text.draws().draw(a.logits, 0), endIds, listener, a.index);
            }
            active.removeIf(a -> a.text.ended());
            read(active, logits);
        }
        double decodeSeconds = (System.nanoTime() - prefilled) * 1e-9;
        return texts.stream()
                .map(t -> t.result(Speculation.Count.NONE, prefillSeconds, decodeSeconds))
                .toList();
    }

    /** Reads the last token of every text; where the context is full, the window that the text goes on from. */
    private void read(List<Active> active, float[] logits) {
        List<Active> together = new ArrayList<>();
        for (Active a : active) {
            if (a.sequence.remaining() > 0) {
                together.add(a);
            } else {
                int limit = a.sequence.position();
                a.sequence.truncate(0);
                decoder.accept(a.sequence, a.logits, a.text.nextWindow(limit));
            }
        }
        if (together.isEmpty()) {
            return;
        }
        int[] one = new int[together.size()];
        Arrays.fill(one, 1);
        decoder.acceptEach(
                together.stream().map(Active::sequence).toList(),
                one,
                together.stream().mapToInt(a -> a.text.last()).toArray(),
                logits,
                x -> {});
        for (int i = 0; i < together.size(); i++) {
            float[] own = together.get(i).logits;
            System.arraycopy(logits, i * own.length, own, 0, own.length);
        }
    }
}
