package dev.eva.cli;

import dev.eva.model.text.bpe.BpeTrainer;
import java.io.PrintWriter;
import java.util.Locale;

/** Shows a tokenizer being trained: one line that changes on a terminal, else nothing until it is done. */
final class BpeProgress implements BpeTrainer.Progress {
    private static final long NANOS = 100_000_000L;
    private static final int WIDTH = 30;
    private static final String CLEAR = "\r\033[K";

    private final PrintWriter out;
    private final boolean live = System.console() != null && System.console().isTerminal();
    private final long begin = System.nanoTime();
    private long shown = begin;
    private long characters;
    private double readSeconds;
    private int words;

    BpeProgress(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void read(long soFar, int different) {
        characters = soFar;
        words = different;
        readSeconds = seconds();
        if (isTime()) {
            show(String.format(Locale.ROOT, "tokenizer: %,d characters, %,d different words", characters, words));
        }
    }

    @Override
    public void merged(int tokens, int vocabSize) {
        if (isTime()) {
            int full = (int) ((long) WIDTH * tokens / vocabSize);
            show("tokenizer: [" + "#".repeat(full) + " ".repeat(WIDTH - full) + "] "
                    + String.format(Locale.ROOT, "%,d of %,d tokens", tokens, vocabSize));
        }
    }

    private boolean isTime() {
        long now = System.nanoTime();
        boolean time = live && now - shown > NANOS;
        if (time) {
            shown = now;
        }
        return time;
    }

    private void show(String line) {
        out.print(CLEAR + line);
        out.flush();
    }

    private double seconds() {
        return (System.nanoTime() - begin) * 1e-9;
    }

    /** Says what it took; nothing if no tokenizer was trained. */
    void done() {
        if (characters > 0) {
            out.printf(
                    Locale.ROOT,
                    "%stokenizer: %,d characters, %,d different words read in %.2f s, merged in %.2f s%n",
                    live ? CLEAR : "",
                    characters,
                    words,
                    readSeconds,
                    seconds() - readSeconds);
            out.flush();
        }
    }
}
