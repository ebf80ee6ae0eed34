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
 * A chart as two PNGs, one for each theme, with two pixels a unit. Needs a font on the machine, but no display.
 *
 * @param name of the files, {@code NAME.png} and {@code NAME-dark.png}
 * @param light for paper and bright pages
 * @param dark for dark pages
 */
public record Picture(String name, int width, int height, byte[] light, byte[] dark) {
    private static final int SCALE = 2;

    static Picture of(String name, Chart chart) {
        System.setProperty("java.awt.headless", "true");
        return new Picture(name, chart.width(), chart.height(), png(chart, Theme.LIGHT), png(chart, Theme.DARK));
    }

    /** Writes a chart as a PNG for bright pages, two pixels a unit. Needs a font on the machine, but no display. */
    public static void write(Path file, Chart chart) throws IOException {
        Files.write(file, of(file.toString(), chart).light());
    }

    private static byte[] png(Chart chart, Theme theme) {
        BufferedImage image = render(chart, theme);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.setUseCache(false);
            ImageIO.write(image, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static BufferedImage render(Chart chart, Theme theme) {
        int w = chart.width() * SCALE;
        int h = chart.height() * SCALE;
        BufferedImage image = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        try {
            g.setColor(theme.background());
            g.fillRect(0, 0, w, h);
            g.scale(SCALE, SCALE);
            g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
            chart.paint(g, theme);
        } finally {
            g.dispose();
        }
        return image;
    }
}
