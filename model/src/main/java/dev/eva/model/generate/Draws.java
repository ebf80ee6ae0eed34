package dev.eva.model.generate;

import java.util.BitSet;
import java.util.random.RandomGenerator;

/** The draws of one text: the settings, the randomness, and which tokens the text has. */
final class Draws {
    private final Sampling sampling;
    private final RandomGenerator random;
    private final int vocab;
    private final BitSet seen;
    private final Candidates candidates = new Candidates();

    /**
     * @param vocab ids that may be drawn: those below it
     */
    Draws(Sampling sampling, RandomGenerator random, int vocab) {
        this.sampling = sampling;
        this.random = random;
        this.vocab = vocab;
        this.seen = new BitSet(vocab);
    }

    /** Says that the text has these tokens. */
    void see(int... ids) {
        for (int id : ids) {
            seen.set(id);
        }
    }

    /** Draws the token after logits that begin at {@code from}, which may be changed, and sees it. */
    int draw(float[] logits, int from) {
        sampling.candidates(logits, from, vocab, seen, candidates);
        int id = candidates.draw(random);
        see(id);
        return id;
    }

    /** Draws a token and sees it. */
    int draw(Distribution d) {
        int id = d.draw(random);
        see(id);
        return id;
    }

    /** What may come after logits that begin at {@code from}, which may be changed. */
    Distribution distribution(float[] logits, int from) {
        sampling.candidates(logits, from, vocab, seen, candidates);
        return candidates.copy();
    }

    /**
     * Whether a token that was drawn from {@code q} is taken for one of {@code p}: with probability
     * {@code min(1, p/q)} (arXiv:2211.17192, section 2.3). What is certain is not drawn.
     */
    boolean accepts(int id, Distribution p, Distribution q) {
        double wanted = p.of(id);
        double had = q.of(id);
        return wanted >= had || wanted > 0 && random.nextDouble() * had < wanted;
    }

    /** What may come where a token of {@code q} was refused. */
    Distribution instead(Distribution p, Distribution q) {
        return p.beyond(q, vocab);
    }

    /** Draws without seeing: a token that may be refused. */
    int propose(Distribution q) {
        return q.draw(random);
    }
}
