package dev.eva.report;

import java.awt.Graphics2D;
import java.util.List;

/** Charts of one size beside and below each other. */
public final class Panels implements Chart {
    private final int columns;
    private final List<? extends Chart> charts;
    private final int cellWidth;
    private final int cellHeight;

    /** Row after row of {@code columns} charts. */
    public Panels(int columns, List<? extends Chart> charts) {
        this.columns = columns;
        this.charts = List.copyOf(charts);
        this.cellWidth = charts.stream().mapToInt(Chart::width).max().orElseThrow();
        this.cellHeight = charts.stream().mapToInt(Chart::height).max().orElseThrow();
    }

    @Override
    public int width() {
        return cellWidth * Math.min(columns, charts.size());
    }

    @Override
    public int height() {
        return cellHeight * Math.ceilDiv(charts.size(), columns);
    }

    /** As many columns as there is room for three quarters of; at least one. */
    private int columns(int forWidth) {
        return Math.clamp(4L * forWidth / (3L * cellWidth), 1, columns);
    }

    @Override
    public int height(int forWidth) {
        int n = columns(forWidth);
        int cell = charts.stream().mapToInt(c -> c.height(forWidth / n)).max().orElseThrow();
        return cell * Math.ceilDiv(charts.size(), n);
    }

    @Override
    public void paint(Graphics2D g, Theme theme, int width, int height) {
        int n = columns(width);
        int w = width / n;
        int h = height / Math.ceilDiv(charts.size(), n);
        for (int i = 0; i < charts.size(); i++) {
            Graphics2D part = (Graphics2D) g.create();
            part.translate(i % n * w, i / n * h);
            charts.get(i).paint(part, theme, w, h);
            part.dispose();
        }
    }
}
