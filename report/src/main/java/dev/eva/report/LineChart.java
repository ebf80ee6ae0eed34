package dev.eva.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Curves or points over two axes, either of which may be logarithmic. Settings return the chart itself.
 */
public final class LineChart implements Chart {
    private static final int MARKER = 5;
    private static final double MANY_DECADES = 1e7;

    private enum Kind {
        CURVE,
        MARKED,
        DASHED(6f, 5f),
        POINTS;

        private final BasicStroke stroke;

        Kind(float... dashes) {
            stroke = new BasicStroke(
                    Style.LINE,
                    BasicStroke.CAP_BUTT,
                    BasicStroke.JOIN_ROUND,
                    1f,
                    dashes.length == 0 ? null : dashes,
                    0f);
        }
    }

    private record Series(String name, double[] x, double[] y, Kind kind) {}

    private final String title;
    private final String xLabel;
    private final String yLabel;
    private final List<Series> series = new ArrayList<>();
    private int width = 640;
    private int height = 420;
    private boolean logX;
    private boolean logY;
    private Double yMin;
    private Double yMax;

    /** A chart without series; labels name what an axis counts, with the unit. */
    public LineChart(String title, String xLabel, String yLabel) {
        this.title = title;
        this.xLabel = xLabel;
        this.yLabel = yLabel;
    }

    /** A curve. */
    public LineChart curve(String name, double[] x, double[] y) {
        return add(name, x, y, Kind.CURVE);
    }

    /** A curve with a mark at every value: for few values. */
    public LineChart marked(String name, double[] x, double[] y) {
        return add(name, x, y, Kind.MARKED);
    }

    /** A curve of dashes: what is computed beside what is measured, a limit. */
    public LineChart dashed(String name, double[] x, double[] y) {
        return add(name, x, y, Kind.DASHED);
    }

    /** Points that no line connects. */
    public LineChart points(String name, double[] x, double[] y) {
        return add(name, x, y, Kind.POINTS);
    }

    /** Both axes logarithmic: a power is a straight line, its exponent the slope. */
    public LineChart logLog() {
        return logX().logY();
    }

    /** A logarithmic x axis. */
    public LineChart logX() {
        logX = true;
        return this;
    }

    /** A logarithmic y axis. */
    public LineChart logY() {
        logY = true;
        return this;
    }

    /** The ends of the y axis. */
    public LineChart yRange(double min, double max) {
        yMin = min;
        yMax = max;
        return this;
    }

    /** Another size than 640 x 420. */
    public LineChart size(int newWidth, int newHeight) {
        width = newWidth;
        height = newHeight;
        return this;
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    private LineChart add(String name, double[] x, double[] y, Kind kind) {
        if (x.length != y.length || x.length == 0) {
            throw new IllegalArgumentException("chart '" + title + "': series " + name + " has " + x.length + " x and "
                    + y.length + " y; need as many, at least one");
        }
        series.add(new Series(name, x.clone(), y.clone(), kind));
        return this;
    }

    @Override
    public int height(int forWidth) {
        int more = legend(Theme.LIGHT, forWidth).height() - legend(Theme.LIGHT, width).height();
        return Chart.super.height(forWidth) + more;
    }

    @Override
    public void paint(Graphics2D g, Theme theme, int width, int height) {
        Legend legend = legend(theme, width);
        int plotHeight = height - legend.height();
        XYChart chart = new XYChartBuilder()
                .width(width)
                .height(plotHeight)
                .title(title)
                .xAxisTitle(xLabel)
                .yAxisTitle(yLabel)
                .build();
        XYStyler style = chart.getStyler();
        Style.apply(style, theme);
        style.setChartTitleFont(Style.title(title, width - Style.AXIS));
        Style.ticks(style, logX, logY);
        style.setDefaultSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Line);
        style.setMarkerSize(MARKER);
        if (yMin != null) {
            style.setYAxisMin(yMin).setYAxisMax(yMax);
        }
        double xMin =
                series.stream().flatMapToDouble(s -> Arrays.stream(s.x)).min().orElseThrow();
        double xMax =
                series.stream().flatMapToDouble(s -> Arrays.stream(s.x)).max().orElseThrow();
        if (!logX) {
            // The library labels values at equal distances as they are (1, 9, 17), all others at round numbers.
            style.setXAxisMin(xMin - 1e-4 * (xMax - xMin));
        } else if (xMax / xMin > MANY_DECADES) {
            Style.powersOfTen(style, (width - Style.AXIS) / Math.log10(xMax / xMin));
        }
        for (int i = 0; i < series.size(); i++) {
            add(chart, series.get(i), theme.series(i));
        }
        chart.paint(g, width, plotHeight);
        legend.paint(g, theme, plotHeight);
    }

    private Legend legend(Theme theme, int forWidth) {
        List<Legend.Entry> entries = new ArrayList<>();
        for (int i = 0; i < series.size(); i++) {
            Series s = series.get(i);
            boolean marked = s.kind == Kind.MARKED || s.kind == Kind.POINTS;
            entries.add(new Legend.Entry(s.name, theme.series(i), s.kind.stroke, s.kind != Kind.POINTS, marked));
        }
        return new Legend(entries, forWidth);
    }

    private static void add(XYChart chart, Series s, Color colour) {
        XYSeries added = chart.addSeries(s.name, s.x, s.y);
        added.setMarkerColor(colour).setMarker(SeriesMarkers.NONE);
        added.setLineColor(colour).setLineStyle(s.kind.stroke);
        switch (s.kind) {
            case CURVE, DASHED -> {}
            case MARKED -> added.setMarker(SeriesMarkers.CIRCLE);
            case POINTS -> {
                added.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
                added.setMarker(SeriesMarkers.CIRCLE);
            }
        }
    }
}
