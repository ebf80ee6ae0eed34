package dev.eva.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class GenerateCommandTest {
    @TempDir
    Path dir;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private String model;

    private int eva(String... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return Eva.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    private int generate(String... more) {
        List<String> args = new ArrayList<>(List.of("generate", model, "--temperature", "0", "--max-tokens", "12"));
        args.addAll(List.of(more));
        return eva(args.toArray(String[]::new));
    }

    @BeforeEach
    void init() {
        model = dir.resolve("model").toString();
        assertThat(eva("init", "--preset", "mini", model)).isZero();
    }

    @Test
    void severalPromptsGetTheTextsThatTheyGetAlone() throws IOException {
        assertThat(generate("--prompt", "abc")).isZero();
        String first = out.toString();
        assertThat(generate("--prompt", "a longer one")).isZero();
        String second = out.toString();
        assertThat(generate("--prompt", "abc", "--prompt", "a longer one")).isZero();
        assertThat(out.toString()).isEqualTo(first + second);
        Path file = dir.resolve("prompts.txt");
        Files.writeString(file, "abc\n\na longer one\n");
        assertThat(generate("--prompt-file", file.toString())).isZero();
        assertThat(out.toString()).isEqualTo(first + second);
    }

    @Test
    void jsonHasALineAPrompt() throws IOException {
        Path file = dir.resolve("prompts.jsonl");
        Files.writeString(file, "{\"prompt\": \"x\"}\n{\"prompt\": \"y\\nz\", \"other\": 1}\n");
        assertThat(generate("--prompt-file", file.toString(), "--json")).isZero();
        List<JsonNode> lines =
                out.toString().lines().map(JsonMapper.shared()::readTree).toList();
        assertThat(lines).hasSize(2);
        assertThat(lines.get(1).get("prompt").stringValue()).isEqualTo("y\nz");
        assertThat(lines.get(0).get("ids")).hasSize(12);
        assertThat(lines.get(0).get("end").stringValue()).isEqualTo("max_tokens");
        assertThat(generate("--prompt", "x")).isZero();
        assertThat(out.toString()).isEqualTo("x" + lines.get(0).get("text").stringValue() + "\n");
    }

    @Test
    void aStopStringIsWhereTheTextEnds() {
        assertThat(generate("--prompt", "abc")).isZero();
        String whole = out.toString().strip();
        String stop = whole.substring(8, 10);
        assertThat(generate("--prompt", "abc", "--stop", stop)).isZero();
        assertThat(out.toString().strip())
                .isEqualTo(whole.substring(0, whole.indexOf(stop, 3)).strip());
        assertThat(err.toString()).contains(", stopped");
    }

    @Test
    void anEndIdOfTheGenerationConfigEndsTheText() throws IOException {
        assertThat(generate("--prompt", "abc", "--json")).isZero();
        JsonNode whole = JsonMapper.shared().readTree(out.toString());
        int end = whole.get("ids").get(5).intValue();
        Files.writeString(dir.resolve("model/generation_config.json"), "{\"eos_token_id\": [999, " + end + "]}");
        assertThat(generate("--prompt", "abc", "--json")).isZero();
        JsonNode ended = JsonMapper.shared().readTree(out.toString());
        assertThat(ended.get("end").stringValue()).isEqualTo("end_of_text");
        assertThat(ended.get("ids").size()).isLessThanOrEqualTo(5);
        assertThat(generate("--prompt", "abc", "--json", "--ignore-eos")).isZero();
        assertThat(JsonMapper.shared().readTree(out.toString()).get("text")).isEqualTo(whole.get("text"));
        Files.writeString(dir.resolve("model/generation_config.json"), "{\"eos_token_id\": \"x\"}");
        assertThat(generate("--prompt", "abc")).isEqualTo(1);
        assertThat(err.toString()).contains("generation_config.json: eos_token_id: need a whole number");
    }

    @Test
    void mistakesAreOneLine() throws IOException {
        assertThat(generate()).isEqualTo(2);
        assertThat(err.toString()).contains("Missing required option: '--prompt=TEXT' or '--prompt-file=FILE'");
        assertThat(generate("--prompt-file", dir.resolve("none").toString())).isEqualTo(2);
        assertThat(err.toString()).contains("none: no such file");
        Path file = Files.writeString(dir.resolve("bad.jsonl"), "{\"text\": 1}\n");
        assertThat(generate("--prompt-file", file.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("bad.jsonl: a line has no text \"prompt\"");
        assertThat(generate("--prompt", "a", "--stop", "")).isEqualTo(2);
        assertThat(generate("--prompt", "a", "--prefill-chunk", "0")).isEqualTo(2);
        assertThat(generate("--prompt", "a", "--repetition-penalty", "-1")).isEqualTo(2);
        assertThat(generate("--prompt", "a", "--speculative")).isEqualTo(1);
        assertThat(err.toString().strip()).contains("no multi-token prediction layer", "eva train --mtp 1");
    }
}
