package dev.eva.gpu;

import java.util.Map;
import java.util.TreeMap;

/** Who has which part of an array: the first gap that is large enough, else the end. Thread-safe. */
final class Places {
    private final TreeMap<Integer, Integer> gaps = new TreeMap<>();
    private final int limit;
    private int end;

    /**
     * @param limit elements at most
     */
    Places(int limit) {
        this.limit = limit;
    }

    /** The first index of {@code length} elements that are the caller's from now on; -1 if there is no room. */
    synchronized int take(long length) {
        for (Map.Entry<Integer, Integer> gap : gaps.entrySet()) {
            // Read before it is removed: a tree reuses the entry of what it removes for a neighbour.
            int at = gap.getKey();
            int free = gap.getValue();
            if (free >= length) {
                gaps.remove(at);
                if (free > length) {
                    gaps.put(at + (int) length, free - (int) length);
                }
                return at;
            }
        }
        if (end + length > limit) {
            return -1;
        }
        int at = end;
        end += (int) length;
        return at;
    }

    /** Gives back what {@link #take} gave; neighbours that are free become one. */
    synchronized void give(int at, int length) {
        Map.Entry<Integer, Integer> before = gaps.lowerEntry(at);
        int from = at;
        int to = at + length;
        if (before != null && before.getKey() + before.getValue() == at) {
            from = before.getKey();
            gaps.remove(from);
        }
        Integer after = gaps.remove(to);
        to += after == null ? 0 : after;
        if (to == end) {
            end = from;
        } else {
            gaps.put(from, to - from);
        }
    }

    /** Elements up to the last one that is taken. */
    synchronized int end() {
        return end;
    }
}
