package dev.eva.model.text.bpe;

import dev.eva.model.text.Corpus;
import dev.eva.model.text.TextException;
import dev.eva.model.text.WordPieces;
import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * Makes a vocabulary: beginning with the 256 bytes, the pair of tokens that stands most often side by side within words
 * becomes a token, again and again (Sennrich et al. 2016, section 3.2; on bytes as in GPT-2).
 *
 * <p>Among equally frequent pairs the one of smaller ids is first, so a text has one vocabulary, the very one that
 * Hugging Face's trainer makes. The text is read once; a merge then visits only the words in which the pair has stood.
 */
public final class BpeTrainer {
    /** The least vocabulary: the bytes. */
    public static final int MIN_VOCAB = 256;
    /** The largest that is of any use. */
    public static final int MAX_VOCAB = 1 << 20;
    /** A pair that occurs once teaches nothing about other text. */
    private static final int MIN_COUNT = 2;

    /** Sees how far it is. */
    public interface Progress {
        /** Characters read and different words found. */
        void read(long characters, int words);

        /** Tokens so far, of how many. */
        void merged(int tokens, int vocabSize);

        /** Looks away. */
        Progress NONE = new Progress() {
            @Override
            public void read(long characters, int words) {}

            @Override
            public void merged(int tokens, int vocabSize) {}
        };
    }

    private record Candidate(long count, long pair) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            return count != other.count ? Long.compare(other.count, count) : Long.compare(pair, other.pair);
        }
    }

    private final BpeVocabulary vocabulary = BpeVocabulary.ofBytes();
    private final Words words;
    private final PairMap pairs = new PairMap();
    private final PriorityQueue<Candidate> candidates = new PriorityQueue<>();
    private long[] counts = new long[1 << 10];
    /** Words in which a pair stands or has stood, by its number. */
    private int[][] where = new int[1 << 10][];

    private int[] whereSize = new int[1 << 10];
    /** Pairs that the merge in progress has made more frequent. */
    private int[] risen = new int[1 << 10];

    private int risenSize;
    /** The merge that last made a pair more frequent, by the pair's number. */
    private int[] risenBy = new int[1 << 10];

    private BpeTrainer(WordCounts text) {
        this.words = new Words(text, vocabulary);
    }

    /**
     * A tokenizer for a text, of at most {@code vocabSize} tokens: fewer where the text has no more pairs that occur
     * twice.
     *
     * @throws TextException if the text is empty or the size out of range
     */
    public static BpeTokenizer train(Corpus corpus, int vocabSize, Progress progress) {
        checkVocabSize(vocabSize);
        WordCounts text = new WordCounts();
        long[] characters = new long[1];
        WordPieces.read(corpus, piece -> {
            text.addAll(piece.toCharArray(), piece.length());
            characters[0] += piece.length();
            progress.read(characters[0], text.size());
        });
        if (text.size() == 0) {
            throw new TextException("tokenizer train: " + corpus.name() + ": no text in it");
        }
        BpeTrainer trainer = new BpeTrainer(text);
        trainer.countPairs();
        trainer.mergeUpTo(vocabSize, progress);
        return new BpeTokenizer(trainer.vocabulary);
    }

    /**
     * Checks a size before the text is read.
     *
     * @throws TextException if it is out of range
     */
    public static void checkVocabSize(int vocabSize) {
        if (vocabSize < MIN_VOCAB || vocabSize > MAX_VOCAB) {
            throw new TextException("tokenizer train: vocabulary of " + vocabSize + "; need " + MIN_VOCAB
                    + " (the bytes) to " + MAX_VOCAB);
        }
    }

    private void countPairs() {
        for (int w = 0; w < words.size(); w++) {
            words.pairs(w, this::change);
        }
        for (int n = 0; n < pairs.size(); n++) {
            candidates.add(new Candidate(counts[n], pairs.pair(n)));
        }
    }

    private void mergeUpTo(int vocabSize, Progress progress) {
        while (vocabulary.size() < vocabSize && !candidates.isEmpty()) {
            Candidate best = candidates.poll();
            int number = pairs.find(best.pair);
            if (counts[number] != best.count) {
                // Merges of others took from it since it was queued.
                if (counts[number] >= MIN_COUNT) {
                    candidates.add(new Candidate(counts[number], best.pair));
                }
            } else if (best.count >= MIN_COUNT) {
                merge(number);
                progress.merged(vocabulary.size(), vocabSize);
            }
        }
    }

    private void merge(int number) {
        int left = PairMap.left(pairs.pair(number));
        int right = PairMap.right(pairs.pair(number));
        int made = vocabulary.merge(left, right);
        int[] affected = where[number];
        int size = whereSize[number];
        where[number] = null;
        whereSize[number] = 0;
        risenSize = 0;
        for (int i = 0; i < size; i++) {
            words.merge(affected[i], left, right, made, this::change);
        }
        counts[number] = 0;
        for (int i = 0; i < risenSize; i++) {
            int n = risen[i];
            if (counts[n] >= MIN_COUNT) {
                candidates.add(new Candidate(counts[n], pairs.pair(n)));
            }
        }
    }

    private void change(int left, int right, long by, int word) {
        int n = pairs.number(PairMap.pair(left, right));
        if (n == counts.length) {
            counts = Arrays.copyOf(counts, 2 * n);
            where = Arrays.copyOf(where, 2 * n);
            whereSize = Arrays.copyOf(whereSize, 2 * n);
            risenBy = Arrays.copyOf(risenBy, 2 * n);
        }
        counts[n] += by;
        if (by < 0) {
            return;
        }
        if (risenBy[n] != vocabulary.merges()) {
            risenBy[n] = vocabulary.merges();
            risen = risenSize == risen.length ? Arrays.copyOf(risen, 2 * risenSize) : risen;
            risen[risenSize++] = n;
        }
        int[] list = where[n] == null ? new int[4] : where[n];
        int size = whereSize[n];
        if (size == 0 || list[size - 1] != word) {
            where[n] = size == list.length ? Arrays.copyOf(list, 2 * size) : list;
            where[n][size] = word;
            whereSize[n] = size + 1;
        }
    }
}
