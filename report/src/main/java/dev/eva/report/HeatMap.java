package dev.eva.report;

import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;

/**
 * A matrix as colours, the first row on top, with a colour bar. Rows and columns are counted from 0, or named. Drawn
 * here and not by the chart library, whose heat maps have no colour bar with a scale. Settings return the map itself.
 */
public final class HeatMap implements Chart {
    private static final int BAR = 14;
    private static final int GAP = 6;
    /** Of a picture, a unit. */
    private static final int PIXELS = 2;
    private static final int TICKS = 6;
    private static final int TITLE_HEIGHT = 28;

    private final String title;
    private final String xLabel;
    private final String yLabel;
    private final double[][] values;
    private List<String> rows;
    private List<String> columns;
    private int width = 640;
    private int height = 400;
    private int decimals = -1;
    private double min;
    private double max;

    /**
     * A map of its values' range.
     *
     * @param values (rows, columns), finite
     */
    public HeatMap(String title, String xLabel, String yLabel, double[][] values) {
        this.title = title;
        this.xLabel = xLabel;
        this.yLabel = yLabel;
        this.values = values;
        min = Double.POSITIVE_INFINITY;
        max = Double.NEGATIVE_INFINITY;
        for (double[] row : values) {
            for (double v : row) {
                if (!Double.isFinite(v) || row.length != values[0].length) {
                    throw new IllegalArgumentException("heat map '" + title + "': " + v + " in a row of " + row.length
                            + "; need finite values and rows of one length");
                }
                min = Math.min(min, v);
                max = Math.max(max, v);
            }
        }
    }

    /** The values that the ends of the colour bar stand for. */
    public HeatMap range(double from, double to) {
        min = from;
        max = to;
        return this;
    }

    /** Names in place of numbers. */
    public HeatMap names(List<String> rowNames, List<String> columnNames) {
        rows = List.copyOf(rowNames);
        columns = List.copyOf(columnNames);
        return this;
    }

    /** Writes the value into each cell, with so many decimals. */
    public HeatMap labels(int numberOfDecimals) {
        decimals = numberOfDecimals;
        return this;
    }

    /** Another size than 640 x 400. */
    public HeatMap size(int newWidth, int newHeight) {
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

    /** Where the cells are. */
    private record Area(int x, int y, int w, int h) {}

    @Override
    public void paint(Graphics2D g, Theme theme, int width, int height) {
        g.setColor(theme.background());
        g.fillRect(0, 0, width, height);
        g.setFont(Style.TICK);
        FontMetrics f = g.getFontMetrics();
        int rowNames = 0;
        for (int i = 0; i < values.length; i++) {
            rowNames = Math.max(rowNames, f.stringWidth(name(rows, i)));
        }
        int barNames = 0;
        for (double v : barTicks()) {
            barNames = Math.max(barNames, f.stringWidth(Style.tick(v)));
        }
        int left = 10 + (yLabel.isEmpty() ? 0 : 18) + rowNames + GAP;
        int below = f.getHeight() + GAP + (xLabel.isEmpty() ? 0 : 18) + 4;
        int right = GAP * 2 + BAR + GAP + barNames + 10;
        Area area = new Area(left, TITLE_HEIGHT, width - left - right, height - TITLE_HEIGHT - below);
        cells(g, area);
        axes(g, theme, area, height);
        bar(g, theme, area, f);
        g.setFont(Style.title(title, width));
        g.setColor(theme.text());
        g.drawString(title, Math.max(4, (width - g.getFontMetrics().stringWidth(title)) / 2), 19);
    }

    private void cells(Graphics2D g, Area a) {
        BufferedImage image = new BufferedImage(values[0].length, values.length, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < values.length; i++) {
            for (int j = 0; j < values[i].length; j++) {
                image.setRGB(j, i, colour(values[i][j]).getRGB());
            }
        }
        g.setRenderingHint(
                RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
        // A cell may be less wide than a pixel: then several are mixed. Rows stay apart.
        boolean fine = image.getWidth() > PIXELS * a.w;
        g.drawImage(fine ? narrower(image, PIXELS * a.w) : image, a.x, a.y, a.w, a.h, null);
        if (decimals >= 0) {
            cellLabels(g, a);
        }
    }

    private static BufferedImage narrower(BufferedImage image, int width) {
        BufferedImage out = new BufferedImage(width, image.getHeight(), BufferedImage.TYPE_INT_RGB);
        Graphics2D g = out.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        g.drawImage(image, 0, 0, width, image.getHeight(), null);
        g.dispose();
        return out;
    }

    private void cellLabels(Graphics2D g, Area a) {
        String widest = String.format(Locale.ROOT, "%." + decimals + "f", max);
        g.setFont(Style.fitting(Style.TICK, widest, (double) a.w / values[0].length - 2));
        FontMetrics f = g.getFontMetrics();
        for (int i = 0; i < values.length; i++) {
            for (int j = 0; j < values[i].length; j++) {
                String text = String.format(Locale.ROOT, "%." + decimals + "f", values[i][j]);
                g.setColor(Style.readableOn(colour(values[i][j])));
                int x = a.x + (2 * j + 1) * a.w / (2 * values[i].length) - f.stringWidth(text) / 2;
                int y = a.y + (2 * i + 1) * a.h / (2 * values.length) + f.getAscent() / 2 - 1;
                g.drawString(text, x, y);
            }
        }
        g.setFont(Style.TICK);
    }

    private Color colour(double value) {
        return ColourMap.of(max > min ? (value - min) / (max - min) : 0.5);
    }

    private static String name(List<String> names, int i) {
        return names == null ? Integer.toString(i) : names.get(i);
    }

    private void axes(Graphics2D g, Theme theme, Area a, int height) {
        FontMetrics f = g.getFontMetrics();
        g.setColor(theme.faint());
        int rowStep = step(values.length, a.h, f.getHeight() + 2);
        for (int i = 0; i < values.length; i += rowStep) {
            String text = name(rows, i);
            int y = a.y + (2 * i + 1) * a.h / (2 * values.length) + f.getAscent() / 2 - 1;
            g.drawString(text, a.x - GAP - f.stringWidth(text), y);
        }
        int widest = 0;
        for (int j = 0; j < values[0].length; j++) {
            widest = Math.max(widest, f.stringWidth(name(columns, j)));
        }
        int columnStep = step(values[0].length, a.w, widest + 10);
        for (int j = 0; j < values[0].length; j += columnStep) {
            String text = name(columns, j);
            int x = a.x + (2 * j + 1) * a.w / (2 * values[0].length) - f.stringWidth(text) / 2;
            g.drawString(text, x, a.y + a.h + f.getAscent() + 3);
        }
        g.setColor(theme.text());
        g.setFont(Style.LABEL);
        FontMetrics label = g.getFontMetrics();
        g.drawString(xLabel, a.x + (a.w - label.stringWidth(xLabel)) / 2, height - 8);
        AffineTransform before = g.getTransform();
        g.rotate(-Math.PI / 2);
        g.drawString(yLabel, -(a.y + (a.h + label.stringWidth(yLabel)) / 2), 6 + label.getAscent());
        g.setTransform(before);
        g.setFont(Style.TICK);
    }

    /** The least round step with which {@code count} labels of {@code size} fit into {@code space}. */
    private static int step(int count, int space, int size) {
        for (int tens = 1; ; tens *= 10) {
            for (int unit : new int[] {1, 2, 5}) {
                if ((long) space * unit * tens / count >= size || unit * tens >= count) {
                    return unit * tens;
                }
            }
        }
    }

    private void bar(Graphics2D g, Theme theme, Area a, FontMetrics f) {
        int x = a.x + a.w + 2 * GAP;
        for (int i = 0; i < 2 * a.h; i++) {
            g.setColor(ColourMap.of(1 - (i + 0.5) / (2 * a.h)));
            g.fill(new java.awt.geom.Rectangle2D.Double(x, a.y + i / 2.0, BAR, 0.5));
        }
        g.setColor(theme.faint());
        for (double v : barTicks()) {
            double share = max > min ? (v - min) / (max - min) : 0.5;
            int y = (int) Math.round(a.y + (1 - share) * a.h);
            g.drawLine(x + BAR, y, x + BAR + 3, y);
            int textY = Math.clamp(y + f.getAscent() / 2 - 1, a.y + f.getAscent() - 3, a.y + a.h);
            g.drawString(Style.tick(v), x + BAR + GAP, textY);
        }
    }

    /** Round values between the ends. */
    private double[] barTicks() {
        if (!(max > min)) {
            return new double[] {min};
        }
        double rough = (max - min) / TICKS;
        double ten = Math.pow(10, Math.floor(Math.log10(rough)));
        double step = rough / ten > 5 ? 10 * ten : rough / ten > 2 ? 5 * ten : 2 * ten;
        long first = (long) Math.ceil(min / step - 1e-9);
        long last = (long) Math.floor(max / step + 1e-9);
        double[] ticks = new double[(int) (last - first + 1)];
        for (int i = 0; i < ticks.length; i++) {
            ticks[i] = Math.round((first + i) * step * 1e9) / 1e9;
        }
        return ticks;
    }
}
