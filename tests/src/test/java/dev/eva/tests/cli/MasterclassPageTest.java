package dev.eva.tests.cli;

import static dev.eva.tests.cli.Cli.eva;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * The quick masterclass as a user runs it, once; then its page is read.
 *
 * <p>What counts as a number on the page: every word of digits, with or without sign, point, comma, {@code %} or
 * {@code x}, in headings, prose, captions and cells. Each has to stand in a {@code data} element that names a figure of
 * the JSON file. What does not count is code, what a model wrote, formulas, the names of sources, and what the text
 * marks as a constant of the lesson ({@code span class="constant"}); none of these is a result. Digits in a name
 * (GPT-2, 1x128) are no number.
 */
@Tag("slow")
class MasterclassPageTest {
    /** The sections in order. */
    private static final List<String> SECTIONS = List.of(
            "cache",
            "mla",
            "mla-picture",
            "moe",
            "experts",
            "fp8",
            "fp8-product",
            "block",
            "training",
            "performance",
            "criteria",
            "phase2");
    /** How many pictures each of them has. */
    private static final List<Integer> PICTURES = List.of(1, 0, 1, 2, 3, 4, 1, 1, 4, 3, 0, 4);

    private static final Pattern SECTION =
            Pattern.compile("<section id=\"([^\"]+)\">\n(.*?)</section>", Pattern.DOTALL);
    private static final Pattern FIGURE =
            Pattern.compile("<data class=\"figure\" data-name=\"([^\"]+)\" value=\"([^\"]+)\">([^<]*)</data>");
    private static final Pattern NO_RESULT = Pattern.compile(
            "<(pre|code|math|cite|style|title)[ >].*?</\\1>|<span class=\"constant\">[^<]*</span>", Pattern.DOTALL);
    private static final Pattern NUMBER = Pattern.compile("[-+−(\"]*\\d[\\d.,]*(e-?\\d+)?(x|%)?[.,;:)\"]*");

    @TempDir
    static Path folder;

    private static Cli result;
    private static String page;
    private static JsonNode json;

    @BeforeAll
    static void run() throws IOException {
        result = eva("masterclass", "--quick", "--out", folder.toString());
        page = Files.readString(folder.resolve("index.html"));
        json = new ObjectMapper().readTree(Files.readString(folder.resolve("figures.json")));
    }

    @Test
    void theCommandSaysWhereThePageIs() {
        assertThat(result.out()).contains("page: " + folder.resolve("index.html"));
        assertThat(result.out()).contains("GPT-2 small", "87.5 %", "93.34 %");
    }

    @Test
    void everySectionHasFiguresAndPictures() {
        List<String> seen = new ArrayList<>();
        Matcher section = SECTION.matcher(page);
        while (section.find()) {
            String id = section.group(1);
            int pictures = PICTURES.get(seen.size());
            seen.add(id);
            String html = section.group(2);
            assertThat(FIGURE.matcher(html).results().map(f -> f.group(1)))
                    .as("figures of %s", id)
                    .anyMatch(name -> name.startsWith(id + "."));
            assertThat(html.split("<picture>", -1)).as("pictures of %s", id).hasSize(pictures + 1);
            assertThat(page).contains("<a href=\"#" + id + "\">");
        }
        assertThat(seen).isEqualTo(SECTIONS);
    }

    @Test
    void everyFigureOnThePageIsInTheJson() {
        List<String> wrong = new ArrayList<>();
        int found = 0;
        Matcher figure = FIGURE.matcher(page);
        while (figure.find()) {
            found++;
            JsonNode there = json.get("figures").get(figure.group(1));
            if (there == null || there.get("value").asDouble() != Double.parseDouble(figure.group(2))) {
                wrong.add(figure.group());
            } else {
                assertThat(shown(figure.group(3)))
                        .as(figure.group())
                        .isCloseTo(there.get("value").asDouble(), within(halfDigit(figure.group(3))));
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(found).isGreaterThan(150);
        assertThat(json.get("machine").get("cores").asInt()).isPositive();
        assertThat(json.get("quick").asBoolean()).isTrue();
    }

    @Test
    void noNumberStandsAlone() {
        assertThat(strays(page)).isEmpty();
        String typed = page.replaceFirst("</section>", "<p>It is 7.5x as fast in 3 runs of GPT-2.</p></section>");
        assertThat(strays(typed)).containsExactly("7.5x", "3");
    }

    /** Words that are numbers and neither figures nor constants. */
    private static List<String> strays(String html) {
        String text = NO_RESULT.matcher(FIGURE.matcher(html).replaceAll(" ")).replaceAll(" ");
        return Stream.of(text.replaceAll("<[^>]*>", " ").split("\\s+"))
                .filter(word -> NUMBER.matcher(word).matches())
                .toList();
    }

    @Test
    void thePicturesAreThereInBothThemesAndNotBlank() throws IOException {
        int expected = PICTURES.stream().mapToInt(n -> n).sum();
        List<Path> light;
        try (Stream<Path> all = Files.list(folder.resolve("pictures"))) {
            light = all.filter(p -> !p.toString().endsWith("-dark.png"))
                    .sorted()
                    .toList();
        }
        assertThat(light).hasSize(expected);
        for (Path file : light) {
            String name = file.getFileName().toString().replace(".png", "");
            BufferedImage bright = ImageIO.read(file.toFile());
            BufferedImage dark =
                    ImageIO.read(file.resolveSibling(name + "-dark.png").toFile());
            assertThat(page).contains("id=\"picture-" + name + "\"");
            assertThat(share(bright)).as(name).isGreaterThan(0.01);
            assertThat(share(dark)).as(name).isGreaterThan(0.01);
            assertThat(colours(bright)).as(name).isGreaterThan(16);
            assertThat(bright.getRGB(0, 0)).as(name).isNotEqualTo(dark.getRGB(0, 0));
        }
    }

    /** Part of the pixels that are not of the background. */
    private static double share(BufferedImage image) {
        int background = image.getRGB(0, 0);
        long other = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                other += image.getRGB(x, y) == background ? 0 : 1;
            }
        }
        return (double) other / ((long) image.getWidth() * image.getHeight());
    }

    private static int colours(BufferedImage image) {
        Set<Integer> found = new HashSet<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                found.add(image.getRGB(x, y));
            }
        }
        return found.size();
    }

    /** The number that a reader sees: {@code 1,234.5 MB}. */
    private static double shown(String text) {
        return Double.parseDouble(number(text));
    }

    /** Half of the last digit that is shown. */
    private static double halfDigit(String text) {
        String number = number(text);
        int exponent = number.indexOf('e');
        String mantissa = exponent < 0 ? number : number.substring(0, exponent);
        int decimals = mantissa.contains(".") ? mantissa.length() - mantissa.indexOf('.') - 1 : 0;
        int power = exponent < 0 ? 0 : Integer.parseInt(number.substring(exponent + 1));
        return 0.5000001 * Math.pow(10, power - decimals);
    }

    private static String number(String text) {
        return text.replace(",", "").replaceAll("[ x%].*$", "");
    }

    @Test
    void thePageNeedsNothingElse() {
        assertThat(page).doesNotContain("<script", "http:", "https:", "@import", "url(");
    }
}
