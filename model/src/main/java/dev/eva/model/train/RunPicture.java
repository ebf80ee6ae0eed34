package dev.eva.model.train;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The run in one picture: losses above, balance of the experts below, over the steps. */
final class RunPicture {
    private static final int WIDTH = 1000;
    private static final int LOSS_HEIGHT = 440;
    private static final int BALANCE_HEIGHT = 260;
    /** Points of a curve; each is the mean of the steps that it stands for. */
    private static final int POINTS = 250;

    private RunPicture() {}

    /** Draws the steps into a PNG, beside and renamed. Needs a font on the machine, but no display. */
    static void write(List<StepMetrics> steps, String title, Path file) throws IOException {
        List<StepMetrics> whole = steps.stream()
                .filter(m -> !m.skipped() && Double.isFinite(m.loss()))
                .toList();
        if (whole.isEmpty()) {
            return;
        }
        System.setProperty("java.awt.headless", "true");
        XYChart loss = chart(title, "loss, nats a token", LOSS_HEIGHT);
        curve(loss, "training", whole, StepMetrics::loss, new Color(0x88, 0xaa, 0xdd));
        List<StepMetrics> evaluated =
                whole.stream().filter(m -> m.valLoss().isPresent()).toList();
        if (!evaluated.isEmpty()) {
            curve(loss, "validation", evaluated, m -> m.valLoss().getAsDouble(), new Color(0xc0, 0x39, 0x2b));
        }
        XYChart balance = chart("", "MaxVio", BALANCE_HEIGHT);
        curve(balance, "busiest expert / mean - 1", whole, StepMetrics::maxVio, new Color(0x2e, 0x8b, 0x57));
        balance.setXAxisTitle("step");
        BufferedImage image = new BufferedImage(WIDTH, LOSS_HEIGHT + BALANCE_HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        loss.paint(g, WIDTH, LOSS_HEIGHT);
        g.translate(0, LOSS_HEIGHT);
        balance.paint(g, WIDTH, BALANCE_HEIGHT);
        g.dispose();
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            ImageIO.write(image, "png", part.toFile());
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static XYChart chart(String title, String y, int height) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(height)
                .title(title)
                .yAxisTitle(y)
                .build();
        chart.getStyler()
                .setLegendPosition(Styler.LegendPosition.InsideNE)
                .setChartBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false)
                .setChartTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 15));
        chart.getStyler().setDefaultSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Line);
        return chart;
    }

    private static void curve(
            XYChart chart, String name, List<StepMetrics> steps, ToDoubleFunction<StepMetrics> value, Color color) {
        int group = (steps.size() + POINTS - 1) / POINTS;
        int n = (steps.size() + group - 1) / group;
        double[] x = new double[n];
        double[] y = new double[n];
        for (int i = 0; i < n; i++) {
            List<StepMetrics> part = steps.subList(i * group, Math.min((i + 1) * group, steps.size()));
            x[i] = part.getLast().step();
            y[i] = part.stream().mapToDouble(value).average().orElseThrow();
        }
        if (Arrays.stream(y).allMatch(Double::isFinite)) {
            chart.addSeries(name, x, y).setMarker(SeriesMarkers.NONE).setLineColor(color);
        }
    }
}
