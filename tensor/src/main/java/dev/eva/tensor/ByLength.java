package dev.eva.tensor;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.function.Consumer;

/** Free memory, found by its length, the last added first. To look for a length allocates nothing. */
final class ByLength<T> {
    /** Ascending. */
    private int[] lengths = {};

    private final ArrayList<ArrayDeque<T>> queues = new ArrayList<>();

    /** One of this length, which is taken out; null if there is none. */
    T poll(int length) {
        int at = Arrays.binarySearch(lengths, length);
        return at < 0 ? null : queues.get(at).pollLast();
    }

    /** The shortest that is at least this long and at most {@code most}, which is taken out; null if there is none. */
    T poll(int length, int most) {
        int at = Arrays.binarySearch(lengths, length);
        for (int i = at < 0 ? -at - 1 : at; i < lengths.length && lengths[i] <= most; i++) {
            if (!queues.get(i).isEmpty()) {
                return queues.get(i).pollLast();
            }
        }
        return null;
    }

    /** The longest, which is taken out; null if there is none of at least this length. */
    T pollLongest(int length) {
        for (int i = lengths.length - 1; i >= 0 && lengths[i] >= length; i--) {
            if (!queues.get(i).isEmpty()) {
                return queues.get(i).pollLast();
            }
        }
        return null;
    }

    void add(int length, T item) {
        int at = Arrays.binarySearch(lengths, length);
        if (at < 0) {
            at = -at - 1;
            int[] more = Arrays.copyOf(lengths, lengths.length + 1);
            System.arraycopy(lengths, at, more, at + 1, lengths.length - at);
            more[at] = length;
            lengths = more;
            queues.add(at, new ArrayDeque<>());
        }
        queues.get(at).addLast(item);
    }

    /** Takes everything out. */
    void drain(Consumer<T> to) {
        queues.forEach(q -> q.forEach(to));
        queues.clear();
        lengths = new int[0];
    }
}
