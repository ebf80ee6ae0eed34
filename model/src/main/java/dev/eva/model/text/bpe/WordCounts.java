package dev.eva.model.text.bpe;

import dev.eva.model.text.TextException;
import java.util.Arrays;

/** How often each word occurs, the words in the order in which they came: an open hash table over one array. */
final class WordCounts {
    private char[] letters = new char[1 << 16];
    private int[] starts = new int[1 << 12];
    private int[] hashes = new int[1 << 12];
    private long[] counts = new long[1 << 12];
    /** Index of a word plus one, at a place that its hash says. */
    private int[] table = new int[1 << 13];

    private int size;

    int size() {
        return size;
    }

    long count(int word) {
        return counts[word];
    }

    String word(int word) {
        return new String(letters, starts[word], starts[word + 1] - starts[word]);
    }

    /** Counts the words of a text. */
    void addAll(char[] text, int length) {
        for (int i = 0; i < length; ) {
            int end = WordScanner.end(text, i, length);
            add(text, i, end);
            i = end;
        }
    }

    private void add(char[] text, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + text[i];
        }
        hash *= 0x9E3779B1;
        int mask = table.length - 1;
        for (int at = hash >>> 8 & mask; ; at = at + 1 & mask) {
            int word = table[at] - 1;
            if (word < 0) {
                table[at] = size + 1;
                insert(text, from, to, hash);
                return;
            }
            if (hashes[word] == hash && Arrays.equals(letters, starts[word], starts[word + 1], text, from, to)) {
                counts[word]++;
                return;
            }
        }
    }

    private void insert(char[] text, int from, int to, int hash) {
        int start = starts[size];
        int end = start + to - from;
        if (end < 0 || end > Integer.MAX_VALUE - 64) {
            throw new TextException("tokenizer train: the different words of the text have more than 2^31 characters; "
                    + "train on a part of it");
        }
        if (end > letters.length) {
            letters =
                    Arrays.copyOf(letters, (int) Math.min(Integer.MAX_VALUE - 64, Math.max(end, 2L * letters.length)));
        }
        System.arraycopy(text, from, letters, start, to - from);
        if (size + 2 > starts.length) {
            starts = Arrays.copyOf(starts, 2 * starts.length);
            hashes = Arrays.copyOf(hashes, starts.length);
            counts = Arrays.copyOf(counts, starts.length);
        }
        hashes[size] = hash;
        counts[size] = 1;
        starts[++size] = end;
        if (2 * size > table.length) {
            grow();
        }
    }

    private void grow() {
        table = new int[2 * table.length];
        int mask = table.length - 1;
        for (int word = 0; word < size; word++) {
            int at = hashes[word] >>> 8 & mask;
            while (table[at] != 0) {
                at = at + 1 & mask;
            }
            table[at] = word + 1;
        }
    }
}
