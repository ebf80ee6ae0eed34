package dev.eva.model.text;

import java.util.Objects;

/** Ids {@code [from, to)} of a file. */
public record TokenRange(TokenFile file, long from, long to) {
    public TokenRange {
        Objects.checkFromToIndex(from, to, file.size());
    }

    /** Number of ids. */
    public long size() {
        return to - from;
    }

    /** Copies ids {@code [start, start + length)} of this range to {@code into[at ..]}. */
    public void read(long start, int length, int[] into, int at) {
        Objects.checkFromIndexSize(start, length, size());
        file.read(from + start, length, into, at);
    }
}
