package dev.eva.report;

import java.awt.Font;
import java.awt.Graphics2D;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.CategoryStyler;

/** Bars over named places, one bar a place for each series. Settings return the chart itself. */
public final class BarChart implements Chart {
    private record Series(String name, double[] values) {}

    private static final int BETWEEN = 6;
    private static final int SLANT = 30;

    private final String title;
    private final String xLabel;
    private final String yLabel;
    private final List<String> places;
    private final List<Series> series = new ArrayList<>();
    private int width = 640;
    private int height = 380;
    private boolean labels;
    private Double yMin;
    private Double yMax;

    /** A chart without bars; labels name what an axis counts, with the unit. */
    public BarChart(String title, String xLabel, String yLabel, List<String> places) {
        this.title = title;
        this.xLabel = xLabel;
        this.yLabel = yLabel;
        this.places = List.copyOf(places);
    }

    /** A bar for each place. */
    public BarChart bars(String name, double... values) {
        if (values.length != places.size()) {
            throw new IllegalArgumentException("chart '" + title + "': " + values.length + " bars for " + places.size()
                    + " places; need one each");
        }
        series.add(new Series(name, values.clone()));
        return this;
    }

    /** The ends of the y axis. */
    public BarChart yRange(double min, double max) {
        yMin = min;
        yMax = max;
        return this;
    }

    /** The value of each bar, written on it with three digits or as a whole number. */
    public BarChart labels() {
        labels = true;
        return this;
    }

    /** Another size than 640 x 380. */
    public BarChart size(int newWidth, int newHeight) {
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

    @Override
    public int height(int forWidth) {
        int more = legend(Theme.LIGHT, forWidth).height() - legend(Theme.LIGHT, width).height();
        return Chart.super.height(forWidth) + more;
    }

    @Override
    public void paint(Graphics2D g, Theme theme, int width, int height) {
        Legend legend = legend(theme, width);
        int plotHeight = height - legend.height();
        CategoryChart chart = new CategoryChartBuilder()
                .width(width)
                .height(plotHeight)
                .title(title)
                .xAxisTitle(xLabel)
                .yAxisTitle(yLabel)
                .build();
        CategoryStyler style = chart.getStyler();
        Style.apply(style, theme);
        style.setChartTitleFont(Style.title(title, width - Style.AXIS));
        style.setPlotGridVerticalLinesVisible(false);
        Style.ticks(style, false, false);
        double fill = series.size() > 1 ? 0.75 : 0.6;
        style.setAvailableSpaceFill(fill);
        double bar = fill * (width - Style.AXIS) / places.size() / series.size();
        style.setLabelsVisible(labels).setLabelsFont(labelFont(bar)).setLabelsPosition(0.5);
        style.setLabelsFontColorAutomaticEnabled(true);
        placeNames(style, width);
        if (yMin != null) {
            style.setYAxisMin(yMin).setYAxisMax(yMax);
        }
        for (int i = 0; i < series.size(); i++) {
            Series s = series.get(i);
            chart.addSeries(
                            s.name,
                            places,
                            Arrays.stream(s.values).map(this::shown).boxed().toList())
                    .setFillColor(theme.series(i));
        }
        chart.paint(g, width, plotHeight);
        legend.paint(g, theme, plotHeight);
    }

    /** That of ticks, or a smaller one in which every value fits on its bar. */
    private Font labelFont(double bar) {
        double widest = series.stream()
                .flatMapToDouble(s -> Arrays.stream(s.values))
                .map(v -> Style.width(Style.TICK, BigDecimal.valueOf(shown(v)).toPlainString()))
                .max()
                .orElse(0);
        return Style.smaller(Style.TICK, (bar - 2) / widest);
    }

    /** Names that do not fit beside each other stand aslant. */
    private void placeNames(CategoryStyler style, int forWidth) {
        double widest =
                places.stream().mapToDouble(p -> Style.width(Style.TICK, p)).max().orElse(0);
        if (widest > (double) (forWidth - Style.AXIS) / places.size() - BETWEEN) {
            style.setXAxisLabelRotation(SLANT);
        }
    }

    /** The library writes all digits of a value on its bar. */
    private double shown(double value) {
        if (!labels || value == 0) {
            return value;
        }
        int decimals = Math.max(0, 2 - (int) Math.floor(Math.log10(Math.abs(value))));
        return BigDecimal.valueOf(value)
                .setScale(decimals, RoundingMode.HALF_EVEN)
                .doubleValue();
    }

    private Legend legend(Theme theme, int forWidth) {
        List<Legend.Entry> entries = new ArrayList<>();
        for (int i = 0; i < series.size(); i++) {
            entries.add(new Legend.Entry(series.get(i).name, theme.series(i), null, false, false));
        }
        return new Legend(entries, forWidth);
    }
}
