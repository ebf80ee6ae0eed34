package dev.eva.model.generate;

import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Multi-token prediction proposes tokens, the model reads all of them in one pass and takes those that it could have
 * drawn itself, each with probability {@code min(1, p/q)}; in place of the first refused one it draws from
 * {@code max(0, p - q)}. What comes out has the model's own distribution, and is its own text where the choice is
 * certain.
 *
 * <p>Source: arXiv:2211.17192, section 2.3; DeepSeek-V3, arXiv:2412.19437, section 5.4.3
 */
final class Speculation {
    /**
     * How often it was right.
     *
     * @param proposed tokens proposed
     * @param accepted tokens taken
     */
    record Count(int proposed, int accepted) {
        static final Count NONE = new Count(0, 0);
    }

    private final Decoder decoder;
    private final Set<Integer> endIds;
    private final Drafter drafter;
    private final Sequence sequence;
    private final int vocab;
    private final float[] logits;
    private Count count = Count.NONE;

    Speculation(Decoder decoder, Set<Integer> endIds) {
        this.decoder = decoder;
        this.endIds = endIds;
        this.drafter = new Drafter(decoder.model());
        this.sequence = decoder.begin();
        this.vocab = decoder.model().config().vocabSize();
        this.logits = new float[(drafter.depths() + 1) * vocab];
    }

    Generator.Result continueText(Continuation text, Generator.Listener listener) {
        long begin = System.nanoTime();
        read(Arrays.copyOf(text.text(), text.length()));
        long prefilled = System.nanoTime();
        text.add(text.draws().draw(logits, 0), endIds, listener, 0);
        while (!text.ended()) {
            if (sequence.remaining() == 0) {
                int limit = sequence.position();
                sequence.truncate(0);
                drafter.restart();
                read(text.nextWindow(limit));
                text.add(text.draws().draw(logits, 0), endIds, listener, 0);
            } else {
                step(text, listener);
            }
        }
        return text.result(count, (prefilled - begin) * 1e-9, (System.nanoTime() - prefilled) * 1e-9);
    }

    /** Reads a beginning; its last logits are the first row of {@link #logits}. */
    private void read(int[] ids) {
        for (int from = 0; from < ids.length; from += decoder.chunk()) {
            int to = Math.min(from + decoder.chunk(), ids.length);
            decoder.accept(sequence, logits, drafter::take, Arrays.copyOfRange(ids, from, to));
            drafter.read(ids, 0, ids.length);
        }
    }

    /** Proposes, confirms, and draws one more token. */
    private void step(Continuation text, Generator.Listener listener) {
        int position = sequence.position();
        int most = Math.min(drafter.depths(), Math.min(sequence.remaining() - 1, text.room() - 1));
        // After a full context the sequence is the end of the text.
        int base = text.length() - 1 - position;
        Distribution[] q = drafter.draft(text.text(), base, position + 1, most, text.draws());
        decoder.acceptEach(
                List.of(sequence),
                new int[] {most + 1},
                Arrays.copyOfRange(text.text(), text.length() - 1, text.length() + most),
                logits,
                drafter::take);
        int accepted = 0;
        while (accepted <= most && !text.ended()) {
            Distribution p = text.draws().distribution(logits, accepted * vocab);
            if (accepted == most) {
                text.add(text.draws().draw(p), endIds, listener, 0);
                break;
            }
            int id = text.text()[text.length()];
            if (!text.draws().accepts(id, p, q[accepted])) {
                text.add(text.draws().draw(text.draws().instead(p, q[accepted])), endIds, listener, 0);
                break;
            }
            text.draws().see(id);
            text.add(id, endIds, listener, 0);
            accepted++;
        }
        count = new Count(count.proposed + most, count.accepted + accepted);
        sequence.truncate(position + 1 + accepted);
        drafter.keep(position + 1 + accepted);
    }
}
