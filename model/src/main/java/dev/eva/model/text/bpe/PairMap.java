package dev.eva.model.text.bpe;

import java.util.Arrays;

/** Pairs of token ids, numbered 0, 1, 2, ... in the order in which they came. */
final class PairMap {
    private long[] pairs = new long[1 << 10];
    /** Number of a pair plus one, at a place that its hash says. */
    private int[] table = new int[1 << 11];

    private int size;

    static long pair(int left, int right) {
        return (long) left << 32 | right;
    }

    static int left(long pair) {
        return (int) (pair >> 32);
    }

    static int right(long pair) {
        return (int) pair;
    }

    int size() {
        return size;
    }

    long pair(int number) {
        return pairs[number];
    }

    /** The number of the pair, or -1. */
    int find(long pair) {
        return table[place(pair)] - 1;
    }

    /** The number of the pair, a new one if it has none. */
    int number(long pair) {
        int at = place(pair);
        if (table[at] > 0) {
            return table[at] - 1;
        }
        if (size == pairs.length) {
            pairs = Arrays.copyOf(pairs, 2 * size);
            table = new int[4 * size];
            for (int n = 0; n < size; n++) {
                table[place(pairs[n])] = n + 1;
            }
            at = place(pair);
        }
        pairs[size++] = pair;
        table[at] = size;
        return size - 1;
    }

    private int place(long pair) {
        int mask = table.length - 1;
        int at = (int) (pair * 0x9E3779B97F4A7C15L >>> 32) & mask;
        while (table[at] > 0 && pairs[table[at] - 1] != pair) {
            at = at + 1 & mask;
        }
        return at;
    }
}
