package dev.eva.report;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * A chart as PNGs, one for each theme and for wide and narrow screens, with two pixels a unit. Needs a font on the
 * machine, but no display.
 *
 * @param name of the files, {@code NAME.png} and {@code NAME-dark.png}
 * @param light for paper and bright pages
 * @param dark for dark pages
 * @param narrow for phones
 */
public record Picture(String name, int width, int height, byte[] light, byte[] dark, Narrow narrow) {
    private static final int SCALE = 2;
    /** What a phone leaves for a picture. */
    private static final int PHONE = 354;

    /** The same, so narrow that letters keep their size on a phone. */
    public record Narrow(int width, int height, byte[] light, byte[] dark) {}

    static Picture of(String name, Chart chart) {
        System.setProperty("java.awt.headless", "true");
        int w = chart.width();
        int h = chart.height();
        int narrow = Math.min(PHONE, w);
        int high = chart.height(narrow);
        return new Picture(
                name,
                w,
                h,
                png(chart, Theme.LIGHT, w, h),
                png(chart, Theme.DARK, w, h),
                new Narrow(
                        narrow,
                        high,
                        png(chart, Theme.LIGHT, narrow, high),
                        png(chart, Theme.DARK, narrow, high)));
    }

    /** Writes a chart as a PNG for bright pages, two pixels a unit. Needs a font on the machine, but no display. */
    public static void write(Path file, Chart chart) throws IOException {
        Files.write(file, of(file.toString(), chart).light());
    }

    private static byte[] png(Chart chart, Theme theme, int width, int height) {
        BufferedImage image = render(chart, theme, width, height);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.setUseCache(false);
            ImageIO.write(image, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static BufferedImage render(Chart chart, Theme theme, int width, int height) {
        int w = width * SCALE;
        int h = height * SCALE;
        BufferedImage image = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        try {
            g.setColor(theme.background());
            g.fillRect(0, 0, w, h);
            g.scale(SCALE, SCALE);
            g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
            chart.paint(g, theme, width, height);
        } finally {
            g.dispose();
        }
        return image;
    }
}
