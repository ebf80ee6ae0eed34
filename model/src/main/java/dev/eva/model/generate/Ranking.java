package dev.eva.model.generate;

import java.util.Arrays;

/** The smallest of many different numbers, in order, without sorting the rest. */
final class Ranking {
    private Ranking() {}

    /** Moves the {@code first} smallest of {@code keys[0 .. n)} to the front and sorts them. */
    static void smallestFirst(long[] keys, int n, int first) {
        int low = 0;
        int high = n - 1;
        // Quickselect: what lies before low is smaller, what lies after high larger than what is between.
        while (low < high && first < n) {
            long pivot = median(keys[low], keys[low + high >>> 1], keys[high]);
            int i = low;
            int j = high;
            while (i <= j) {
                while (keys[i] < pivot) {
                    i++;
                }
                while (keys[j] > pivot) {
                    j--;
                }
                if (i <= j) {
                    long swapped = keys[i];
                    keys[i++] = keys[j];
                    keys[j--] = swapped;
                }
            }
            if (first <= j) {
                high = j;
            } else if (first >= i) {
                low = i;
            } else {
                break;
            }
        }
        Arrays.sort(keys, 0, first);
    }

    private static long median(long a, long b, long c) {
        return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    }
}
