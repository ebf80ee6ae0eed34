package dev.eva.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kind of chart draws something, in colours of the theme; the pictures are left in target/charts to look at. */
class ChartsTest {
    private static final int NARROW = 354;
    private static final Map<String, Chart> CHARTS = charts();

    private static Map<String, Chart> charts() {
        double[] x = IntStream.range(1, 200).asDoubleStream().toArray();
        double[] root = IntStream.range(1, 200).mapToDouble(Math::sqrt).toArray();
        double[] wave =
                IntStream.range(1, 200).mapToDouble(i -> 5 * Math.sin(i * 0.1)).toArray();
        double[] powers = {32, 64, 128, 256, 512, 1024};
        Map<String, Chart> all = new TreeMap<>();
        all.put(
                "lines",
                new LineChart("Lines", "step", "loss")
                        .curve("root", x, root)
                        .dashed("wave", x, wave)
                        .points("points", new double[] {20, 80}, new double[] {8, 9}));
        all.put(
                "loglog",
                new LineChart("A power", "tokens", "ms")
                        .marked(
                                "square",
                                powers,
                                java.util.Arrays.stream(powers)
                                        .map(p -> p * p * 1e-4)
                                        .toArray())
                        .logLog());
        all.put(
                "logx",
                new LineChart("One axis", "tokens", "share")
                        .curve("root", x, root)
                        .logX());
        all.put(
                "logy",
                new LineChart("The other axis", "tokens", "share")
                        .curve("root", x, root)
                        .logY());
        all.putAll(fieldCharts());
        return all;
    }

    private static Map<String, Chart> fieldCharts() {
        double[][] field = new double[40][160];
        for (int i = 0; i < field.length; i++) {
            for (int j = 0; j < field[i].length; j++) {
                field[i][j] = Math.sin(i * 0.2) * Math.cos(j * 0.05) * 3;
            }
        }
        double[][] few = {{0, 0.5, 1}, {0.25, 0.75, 0.1}};
        Map<String, Chart> all = new TreeMap<>();
        all.put(
                "bars",
                new BarChart("Bars", "expert", "share", List.of("0", "1", "2", "3"))
                        .bars("one", 0.1, 0.2, 0.3, 0.4)
                        .bars("two", 0.25, 0.25, 0.25, 0.25)
                        .labels());
        all.put(
                "bars-long",
                new BarChart("A title that is far too long to be read beside a bar on any phone", "", "ms", List.of(
                                "one process, one thread", "one process, two threads", "two processes"))
                        .bars("one", 0.1, 0.2, 0.3));
        all.put("heat", new HeatMap("Waves", "column", "row", field));
        all.put(
                "heat-named",
                new HeatMap("Few", "expert", "pattern", few)
                        .names(List.of("sine", "noise"), List.of("0", "1", "2"))
                        .labels(2)
                        .range(0, 1));
        all.put(
                "panels",
                new Panels(
                        2,
                        List.of(
                                new HeatMap("A", "x", "y", field).size(360, 240),
                                new HeatMap("B", "x", "y", few).size(360, 240))));
        return all;
    }

    private static Set<String> names() {
        return CHARTS.keySet();
    }

    @ParameterizedTest
    @MethodSource("names")
    void somethingIsDrawnInEitherTheme(String name) throws IOException {
        Chart chart = CHARTS.get(name);
        Path folder = Files.createDirectories(Path.of("target", "charts"));
        for (Theme theme : Theme.values()) {
            for (int width : List.of(chart.width(), NARROW)) {
                BufferedImage image = Picture.render(chart, theme, width, chart.height(width));
                ImageIO.write(
                        image,
                        "png",
                        folder.resolve(name + "-" + theme + "-" + width + ".png")
                                .toFile());
                assertThat(image.getWidth()).isEqualTo(2 * width);
                assertThat(image.getRGB(0, 0)).isEqualTo(theme.background().getRGB());
                assertThat(colours(image)).hasSizeGreaterThan(16);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void nothingTouchesTheEdge(String name) {
        Chart chart = CHARTS.get(name);
        nothingTouchesTheEdge(Picture.render(chart, Theme.LIGHT, chart.width(), chart.height()));
        nothingTouchesTheEdge(Picture.render(chart, Theme.LIGHT, NARROW, chart.height(NARROW)));
    }

    private static void nothingTouchesTheEdge(BufferedImage image) {
        int background = Theme.LIGHT.background().getRGB();
        for (int x = 0; x < image.getWidth(); x++) {
            assertThat(image.getRGB(x, 0)).isEqualTo(background);
            assertThat(image.getRGB(x, image.getHeight() - 1)).isEqualTo(background);
        }
        for (int y = 0; y < image.getHeight(); y++) {
            assertThat(image.getRGB(0, y)).isEqualTo(background);
            assertThat(image.getRGB(image.getWidth() - 1, y)).isEqualTo(background);
        }
    }

    /** A narrow chart is not a small one: panels move below each other. */
    @Test
    void aNarrowChartKeepsItsLetters() {
        Chart panels = CHARTS.get("panels");
        assertThat(panels.height(panels.width())).isEqualTo(panels.height()).isEqualTo(240);
        assertThat(panels.height(NARROW)).isBetween(460, 480);
        Chart lines = CHARTS.get("lines");
        assertThat(lines.height(NARROW)).isBetween(lines.height() * 3 / 4, lines.height());
    }

    @Test
    void theColourMapGrowsLighterEvenly() {
        List<Double> lightness = new ArrayList<>();
        for (int i = 0; i <= 20; i++) {
            var c = ColourMap.of(i / 20.0);
            lightness.add(lightness(c.getRed(), c.getGreen(), c.getBlue()));
        }
        double mean = (lightness.getLast() - lightness.getFirst()) / 20;
        assertThat(mean).isGreaterThan(3);
        for (int i = 1; i < lightness.size(); i++) {
            assertThat(lightness.get(i) - lightness.get(i - 1)).isBetween(0.5 * mean, 1.5 * mean);
        }
        assertThat(ColourMap.of(-1)).isEqualTo(ColourMap.of(0));
        assertThat(ColourMap.of(2)).isEqualTo(ColourMap.of(1));
    }

    /** L* of CIELAB, from sRGB. */
    private static double lightness(int red, int green, int blue) {
        double y = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
        return y > 216.0 / 24389 ? 116 * Math.cbrt(y) - 16 : 24389.0 / 27 * y;
    }

    private static double linear(int value) {
        double v = value / 255.0;
        return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
    }

    @Test
    void ticksAreShort() {
        assertThat(Style.tick(0)).isEqualTo("0");
        assertThat(Style.tick(131072)).isEqualTo("131,072");
        assertThat(Style.tick(0.25)).isEqualTo("0.25");
        assertThat(Style.tick(-2.5)).isEqualTo("-2.5");
        assertThat(Style.tick(0.00001)).isEqualTo("1e-5");
        assertThat(Style.tick(2e16)).isEqualTo("2e16");
    }

    @Test
    void dataThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> new LineChart("a", "x", "y").curve("c", new double[2], new double[3]))
                .hasMessageContaining("2 x and 3 y");
        assertThatThrownBy(() -> new BarChart("a", "x", "y", List.of("one")).bars("b", 1, 2))
                .hasMessageContaining("2 bars for 1 places");
        assertThatThrownBy(() -> new HeatMap("a", "x", "y", new double[][] {{1, Double.NaN}}))
                .hasMessageContaining("NaN");
    }

    private static Set<Integer> colours(BufferedImage image) {
        Set<Integer> found = new HashSet<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                found.add(image.getRGB(x, y));
            }
        }
        return found;
    }
}
