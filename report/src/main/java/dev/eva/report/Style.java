package dev.eva.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.util.Locale;
import org.knowm.xchart.style.AxesChartStyler;

/** The look that all charts share. */
final class Style {
    static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 15);
    static final Font LABEL = new Font(Font.SANS_SERIF, Font.PLAIN, 14);
    static final Font TICK = new Font(Font.SANS_SERIF, Font.PLAIN, 13);
    static final float LINE = 2f;
    /** What names and ticks of the y axis take of a width, about; the library sets titles in the middle of the rest. */
    static final int AXIS = 76;

    private static final int EDGE = 6;
    /** Width of a power of ten and what is between two. */
    private static final int POWER = 36;

    private static final int UPRIGHT = 90;
    /** Letters of this size can just be read. */
    private static final float LEAST = 8;
    private static final String PATTERN = "#,##0.########";

    private Style() {}

    /** Axes, grid and legend of an XChart chart. */
    static void apply(AxesChartStyler s, Theme theme) {
        s.setBaseFont(LABEL)
                .setChartBackgroundColor(theme.background())
                .setChartFontColor(theme.text())
                .setChartTitleFont(TITLE)
                .setChartTitleBoxVisible(false)
                .setChartPadding(8)
                .setPlotBackgroundColor(theme.background())
                .setPlotBorderVisible(false)
                .setLegendVisible(false)
                .setXAxisTitleColor(theme.text())
                .setYAxisTitleColor(theme.text());
        s.setAxisTitleFont(LABEL)
                .setAxisTickLabelsFont(TICK)
                .setAxisTickLabelsColor(theme.faint())
                .setAxisTickMarksColor(theme.grid())
                .setAxisTicksLineVisible(false)
                .setPlotGridLinesColor(theme.grid())
                .setPlotGridLinesStroke(new BasicStroke(0.75f))
                .setLocale(Locale.ROOT)
                .setYAxisLabelAlignment(AxesChartStyler.TextAlignment.Right);
    }

    /**
     * Labels of ticks by a pattern: with a function of one's own the library sets them at the first value and on, not
     * at round numbers.
     */
    static void ticks(AxesChartStyler s, boolean logX, boolean logY) {
        s.setXAxisLogarithmic(logX).setYAxisLogarithmic(logY);
        s.setXAxisDecimalPattern(PATTERN).setYAxisDecimalPattern(PATTERN);
        if (logX || logY) {
            s.setPlotGridLinesStroke(new BasicStroke(0.4f));
        }
    }

    /** Powers of ten at the ticks of the x axis: for many decades; upright where labels would touch. */
    static void powersOfTen(AxesChartStyler s, double unitsADecade) {
        s.setXAxisDecimalPattern("0E0");
        if (unitsADecade < POWER) {
            s.setXAxisLabelRotation(UPRIGHT);
        }
    }

    /** The title's font, smaller for a title that would not fit. */
    static Font title(String title, int width) {
        return fitting(TITLE, title, width - 2 * EDGE);
    }

    /** The font, or the largest in which the text is no wider. */
    static Font fitting(Font font, String text, double width) {
        return smaller(font, width / width(font, text));
    }

    /** The font by a factor, where that is below one, as long as it can be read. */
    static Font smaller(Font font, double factor) {
        return factor >= 1 ? font : font.deriveFont((float) Math.max(LEAST, font.getSize2D() * factor));
    }

    /** How wide the text is. */
    static double width(Font font, String text) {
        return font.getStringBounds(text, new FontRenderContext(null, true, true)).getWidth();
    }

    /** A number at a tick: short, and the same in every language. */
    static String tick(double value) {
        double size = Math.abs(value);
        if (size >= 1e15 || (size > 0 && size < 1e-4)) {
            return String.format(Locale.ROOT, "%.0e", value)
                    .replaceAll("e([+-])0?", "e$1")
                    .replace("e+", "e");
        } else if (value == Math.rint(value)) {
            return String.format(Locale.ROOT, "%,.0f", value);
        }
        return String.format(Locale.ROOT, "%.4f", value).replaceAll("0+$", "");
    }

    /** A colour that can be read on {@code behind}. */
    static Color readableOn(Color behind) {
        double lightness = 0.299 * behind.getRed() + 0.587 * behind.getGreen() + 0.114 * behind.getBlue();
        return lightness > 140 ? new Color(0x1F2328) : new Color(0xFFFFFF);
    }
}
