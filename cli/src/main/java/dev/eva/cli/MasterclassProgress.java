package dev.eva.cli;

import dev.eva.masterclass.MasterclassListener;
import dev.eva.masterclass.Verdict;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Help.Ansi;

/** Prints the masterclass as it goes: headings, findings and tables; on a terminal also a line that shows progress. */
final class MasterclassProgress implements MasterclassListener {
    private static final long NANOS = 100_000_000L;
    private static final int BAR = 30;
    private static final int COLUMNS = 100;
    private static final String CLEAR = "\r\033[K";

    private final PrintWriter out;
    private final boolean live = System.console() != null && System.console().isTerminal();
    private long shown;
    private boolean dirty;
    private volatile boolean stopped;

    MasterclassProgress(PrintWriter out) {
        this.out = out;
    }

    /** Ends the masterclass at the next place where it can end; from any thread. */
    void stop() {
        stopped = true;
    }

    @Override
    public boolean stopped() {
        return stopped;
    }

    @Override
    public void section(int number, int of, String title) {
        clear();
        String heading = number + " of " + of + "  " + title;
        out.println();
        out.println(Ansi.AUTO.string("@|bold " + heading + "|@"));
        out.println("-".repeat(heading.length()));
        out.flush();
    }

    @Override
    public void progress(String what, double share) {
        long now = System.nanoTime();
        if (live && (now - shown > NANOS || share >= 1)) {
            shown = now;
            dirty = true;
            int full = (int) Math.round(BAR * Math.clamp(share, 0, 1));
            out.print(CLEAR + "[" + "#".repeat(full) + " ".repeat(BAR - full) + "] "
                    + String.format(Locale.ROOT, "%3.0f %%  ", 100 * share) + what);
            out.flush();
        }
    }

    @Override
    public void finding(String text) {
        clear();
        out.println();
        wrap(text);
        out.flush();
    }

    @Override
    public void table(String caption, List<String> header, List<List<String>> rows) {
        clear();
        out.println();
        wrap(caption);
        out.println();
        Table table = new Table().row(header.toArray());
        rows.forEach(row -> table.row(row.toArray()));
        table.print(out, "  ");
        out.flush();
    }

    @Override
    public void sample(String text) {
        clear();
        out.println();
        text.lines().forEach(line -> out.println("  | " + line));
        out.flush();
    }

    @Override
    public void verdict(Verdict v) {
        clear();
        String word = v.passed() ? "@|green PASS|@" : "@|bold,red FAIL|@";
        out.println("  " + Ansi.AUTO.string(word) + "  " + v.criterion() + ": " + v.measured());
        out.flush();
    }

    /** Takes the progress line away. */
    void done() {
        clear();
    }

    private void clear() {
        if (dirty) {
            out.print(CLEAR);
            dirty = false;
        }
    }

    /** Breaks a paragraph into lines. */
    private void wrap(String text) {
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ")) {
            if (line.length() + word.length() >= COLUMNS) {
                out.println(line);
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        out.println(line);
    }
}
