package dev.eva.cli;

import java.io.PrintWriter;

/** What is being done: on a terminal one line that changes and goes in the end, elsewhere nothing. */
final class LiveLine implements AutoCloseable {
    private static final String CLEAR = "\r\033[K";

    private final PrintWriter out;
    private final boolean live = System.console() != null && System.console().isTerminal();

    LiveLine(PrintWriter out) {
        this.out = out;
    }

    void show(String text) {
        if (live) {
            out.print(CLEAR + text + " ...");
            out.flush();
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
