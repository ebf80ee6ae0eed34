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

    @Override
    public void paint(Graphics2D g, Theme theme) {
        for (int i = 0; i < charts.size(); i++) {
            Graphics2D part = (Graphics2D) g.create();
            part.translate(i % columns * cellWidth, i / columns * cellHeight);
            charts.get(i).paint(part, theme);
            part.dispose();
        }
    }
}
