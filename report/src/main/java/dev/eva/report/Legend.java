package dev.eva.report;

import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.Stroke;
import java.util.ArrayList;
import java.util.List;

/** Names of series below a chart, in as many lines as they need: the chart library's own leaves the picture. */
final class Legend {
    private static final int LINE = 20;
    private static final int SAMPLE = 24;
    private static final int GAP = 6;
    private static final int BETWEEN = 20;
    private static final int MARGIN = 12;
    private static final int BELOW = 8;

    /**
     * A series in the legend.
     *
     * @param stroke of its line; null for a filled square
     * @param line whether it has a line
     * @param marked whether its values have marks
     */
    record Entry(String name, Color colour, Stroke stroke, boolean line, boolean marked) {}

    private final List<List<Entry>> lines = new ArrayList<>();
    private final int width;

    /** Lays the entries out; a single one needs no legend. */
    Legend(List<Entry> entries, int width) {
        this.width = width;
        if (entries.size() < 2) {
            return;
        }
        int used = Integer.MAX_VALUE / 2;
        for (Entry e : entries) {
            int needed = widthOf(e);
            if (used + BETWEEN + needed > width - 2 * MARGIN) {
                lines.add(new ArrayList<>());
                used = -BETWEEN;
            }
            lines.getLast().add(e);
            used += BETWEEN + needed;
        }
    }

    /** What the legend takes off the chart's height. */
    int height() {
        return lines.isEmpty() ? 0 : lines.size() * LINE + BELOW;
    }

    private static int widthOf(Entry e) {
        return SAMPLE + GAP + (int) Math.ceil(Style.width(Style.TICK, e.name));
    }

    /** Draws the lines from {@code top} on, each centred. */
    void paint(Graphics2D g, Theme theme, int top) {
        g.setFont(Style.TICK);
        FontMetrics f = g.getFontMetrics();
        for (int i = 0; i < lines.size(); i++) {
            int total = -BETWEEN;
            for (Entry e : lines.get(i)) {
                total += BETWEEN + widthOf(e);
            }
            int x = (width - total) / 2;
            int middle = top + i * LINE + LINE / 2;
            for (Entry e : lines.get(i)) {
                g.setColor(e.colour);
                sample(g, e, x, middle);
                g.setColor(theme.text());
                g.drawString(e.name, x + SAMPLE + GAP, middle + f.getAscent() / 2 - 1);
                x += widthOf(e) + BETWEEN;
            }
        }
    }

    private static void sample(Graphics2D g, Entry e, int x, int middle) {
        if (e.stroke == null) {
            g.fillRect(x + SAMPLE - 12, middle - 6, 12, 12);
            return;
        }
        if (e.line) {
            Stroke before = g.getStroke();
            g.setStroke(e.stroke);
            g.drawLine(x, middle, x + SAMPLE, middle);
            g.setStroke(before);
        }
        if (e.marked) {
            g.fillOval(x + SAMPLE / 2 - 3, middle - 3, 7, 7);
        }
    }
}
