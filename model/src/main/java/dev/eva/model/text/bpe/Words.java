package dev.eva.model.text.bpe;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The different words of a text as strings of token ids, which merges make shorter. */
final class Words {
    private final long[] counts;
    private final int[] starts;
    private final int[] lengths;
    private int[] ids;

    Words(WordCounts words, BpeVocabulary bytes) {
        int[] idOf = new int[256];
        for (int b = 0; b < idOf.length; b++) {
            idOf[b] = bytes.id((byte) b);
        }
        counts = new long[words.size()];
        starts = new int[words.size()];
        lengths = new int[words.size()];
        ids = new int[1 << 16];
        int end = 0;
        for (int w = 0; w < words.size(); w++) {
            byte[] utf8 = words.word(w).getBytes(StandardCharsets.UTF_8);
            if (end + utf8.length > ids.length) {
                ids = Arrays.copyOf(ids, Math.max(end + utf8.length, ids.length + (ids.length >> 1)));
            }
            counts[w] = words.count(w);
            starts[w] = end;
            lengths[w] = utf8.length;
            for (byte b : utf8) {
                ids[end++] = idOf[b & 0xff];
            }
        }
    }

    /** Takes changes in how often a pair stands in the text. */
    interface PairSink {
        void change(int left, int right, long by, int word);
    }

    int size() {
        return counts.length;
    }

    /** Tells all pairs of a word. */
    void pairs(int word, PairSink sink) {
        int end = starts[word] + lengths[word];
        for (int i = starts[word] + 1; i < end; i++) {
            sink.change(ids[i - 1], ids[i], counts[word], word);
        }
    }

    /** Replaces {@code left right} by {@code made}, left to right, and tells what that does to neighbours. */
    void merge(int word, int left, int right, int made, PairSink sink) {
        int start = starts[word];
        int end = start + lengths[word];
        long count = counts[word];
        int out = start;
        for (int i = start; i < end; i++) {
            if (ids[i] != left || i + 1 == end || ids[i + 1] != right) {
                ids[out++] = ids[i];
                continue;
            }
            if (out > start) {
                sink.change(ids[out - 1], left, -count, word);
                sink.change(ids[out - 1], made, count, word);
            }
            i++;
            if (i + 1 < end) {
                sink.change(right, ids[i + 1], -count, word);
                sink.change(made, ids[i + 1], count, word);
            }
            ids[out++] = made;
        }
        lengths[word] = out - start;
    }
}
