package dev.eva.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class PageTest {
    private final Figures figures = new Figures();
    private final Page page = new Page("A page", "Of $2$ parts.", "1 machine", figures);

    private Path write(Path folder) {
        figures.put("first.count", 1234, "tokens");
        figures.put("first.share", 12.5, "%");
        page.section("first", "The *first*");
        page.text("There are {first.count}.");
        page.formula("c = W h", "$c$ the latent");
        page.code("int a = 1 < 2 ? 3 : 4;", "A.java");
        page.table(DataTable.of("Shares", "", "share").row("one", "{first.share:1}"));
        page.section("second", "The second");
        page.picture("second-bars", new BarChart("t", "x", "y", List.of("a", "b")).bars("s", 1, 2), "See \"b\".");
        page.sample("text <of> 1 model");
        return PageFiles.write(folder, page, figures, Map.of("seed", 7));
    }

    @Test
    void thePageIsOneFileThatFetchesNothing(@TempDir Path folder) throws IOException {
        String html = Files.readString(write(folder.resolve("new")));
        assertThat(html).startsWith("<!DOCTYPE html>").doesNotContain("<script").doesNotContain("http");
        Matcher source = Pattern.compile("(?:src|srcset|href)=\"([^\"]{5})").matcher(html);
        int sources = 0;
        while (source.find()) {
            sources++;
            assertThat(source.group(1))
                    .satisfiesAnyOf(
                            s -> assertThat(s).isEqualTo("data:"),
                            s -> assertThat(s).startsWith("#"));
        }
        assertThat(sources).isEqualTo(6);
        assertThat(html).contains("<a href=\"#first\">The <em>first</em></a>", "alt=\"See &quot;b&quot;.\"");
        assertThat(html).contains("int a = 1 &lt; 2", "text &lt;of&gt; 1 model");
        assertThat(html.split("<section", -1)).hasSize(3);
        assertThat(html.split("</section>", -1)).hasSize(3);
    }

    @Test
    void allFiguresAreInTheJson(@TempDir Path folder) throws IOException {
        String html = Files.readString(write(folder));
        JsonNode json = new ObjectMapper().readTree(Files.readString(folder.resolve("figures.json")));
        assertThat(json.get("seed").asInt()).isEqualTo(7);
        Matcher data =
                Pattern.compile("data-name=\"([^\"]+)\" value=\"([^\"]+)\"").matcher(html);
        int found = 0;
        while (data.find()) {
            found++;
            JsonNode figure = json.get("figures").get(data.group(1));
            assertThat(figure.get("value").asDouble()).isEqualTo(Double.parseDouble(data.group(2)));
        }
        assertThat(found).isEqualTo(2);
    }

    @Test
    void picturesAreFilesToo(@TempDir Path folder) throws IOException {
        write(folder);
        for (String name : List.of("second-bars.png", "second-bars-dark.png")) {
            assertThat(ImageIO.read(folder.resolve("pictures").resolve(name).toFile()))
                    .isNotNull();
        }
        try (Stream<Path> all = Files.walk(folder)) {
            assertThat(all.filter(p -> p.toString().endsWith(".part"))).isEmpty();
        }
    }

    @Test
    void aRowFitsItsHeader() {
        assertThatThrownBy(() -> DataTable.of("c", "a", "b").row("one")).hasMessageContaining("header has 2");
    }
}
