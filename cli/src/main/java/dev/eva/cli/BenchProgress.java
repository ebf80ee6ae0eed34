package dev.eva.cli;

import dev.eva.measure.Bench;
import java.io.PrintWriter;
import java.util.Locale;

/**
 * What is being measured: on a terminal one line that changes and goes in the end; elsewhere, on standard error, a line
 * now and then while it takes long.
 */
final class BenchProgress implements Bench.Progress, AutoCloseable {
    private static final String CLEAR = "\r\033[K";
    private static final long SILENCE_NANOS = 20_000_000_000L;

    private final PrintWriter out;
    private final PrintWriter err;
    private final boolean live = System.console() != null && System.console().isTerminal();
    private final long start = System.nanoTime();
    private long said = start;

    BenchProgress(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public void now(int begun, int count, String what) {
        long now = System.nanoTime();
        long seconds = (now - start) / 1_000_000_000;
        String text =
                String.format(Locale.ROOT, "%d of %d  %s  %d:%02d", begun, count, what, seconds / 60, seconds % 60);
        if (live) {
            out.print(CLEAR + text);
            out.flush();
        } else if (now - said > SILENCE_NANOS) {
            said = now;
            err.println(text);
            err.flush();
        }
    }

    @Override
    public void close() {
        if (live) {
            out.print(CLEAR);
            out.flush();
        }
    }
}
