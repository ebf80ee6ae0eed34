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

class TrainCommandTest {
    private static final String CONFIG = """
            {"hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 32, "num_attention_heads": 2,
             "kv_lora_rank": 8,
             "qk_nope_head_dim": 4, "qk_rope_head_dim": 4, "v_head_dim": 4, "n_routed_experts": 4,
             "num_experts_per_tok": 2,
             "moe_intermediate_size": 8, "n_shared_experts": 1, "max_position_embeddings": 64}
            """;

    @TempDir
    Path dir;

    private Path config;
    private Path text;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void files() throws IOException {
        config = Files.writeString(dir.resolve("tiny.json"), CONFIG);
        text = Files.writeString(dir.resolve("text.txt"), "The cat sat on the mat.\n".repeat(40));
    }

    private int eva(String... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return Eva.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    private int train(String out, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "train",
                "--config",
                config.toString(),
                "--data",
                text.toString(),
                "--out",
                dir.resolve(out).toString(),
                "--batch-size",
                "2"));
        args.addAll(List.of(more));
        return eva(args.toArray(String[]::new));
    }

    @Test
    void trainsGoesOnAndSaysWhatIsNext() throws IOException {
        assertThat(train("run", "--length", "16", "--steps", "6", "--eval-every", "3"))
                .as(err::toString)
                .isZero();
        String run = dir.resolve("run").toString();
        assertThat(out.toString())
                .contains(
                        "step 3  validation loss",
                        "done after 6 steps",
                        "eva train --resume " + run,
                        "eva generate " + run)
                .doesNotContain("\r");
        assertThat(eva("train", "--resume", run)).isZero();
        assertThat(out.toString()).contains("the run has all its 6 steps");
        assertThat(eva("train", "--resume", run, "--steps", "2"))
                .as(err::toString)
                .isZero();
        assertThat(Files.readAllLines(dir.resolve("run/metrics.jsonl"))).hasSize(8);
        assertThat(train("run", "--steps", "6")).isEqualTo(1);
        assertThat(err.toString())
                .contains("holds a run already; go on with --resume")
                .hasLineCount(1);
    }

    @Test
    void whatMakesNoSenseIsOneLine() {
        assertThat(train("a", "--steps", "0")).isEqualTo(2);
        assertThat(err.toString()).contains("steps: 0; need at least 1").hasLineCount(1);
        assertThat(train("a", "--optimizer", "sgd")).isEqualTo(2);
        assertThat(err.toString()).contains("need adamw or muon").hasLineCount(1);
        assertThat(train("a", "--tokenizer", "words")).isEqualTo(2);
        assertThat(err.toString())
                .contains("need a tokenizer.json, bpe:N, char or byte")
                .hasLineCount(1);
        assertThat(train("a", "--length", "1000")).isEqualTo(1);
        assertThat(err.toString()).contains("max_position_embeddings is 64").hasLineCount(1);
        assertThat(eva("train", "--resume", dir.toString(), "--lr", "1")).isEqualTo(2);
        assertThat(err.toString())
                .contains("only --steps, --minutes, --threads, --ranks and --device")
                .hasLineCount(1);
        assertThat(eva("train", "--data", dir.resolve("none").toString())).isEqualTo(1);
        assertThat(err.toString()).contains("no such file or folder").hasLineCount(1);
        assertThat(dir.resolve("a")).doesNotExist();
    }

    @Test
    void optionsOfTheTrainingStandInTheRun() throws IOException {
        int code = train(
                "options",
                "--steps",
                "3",
                "--optimizer",
                "adamw",
                "--lr",
                "0.002",
                "--weight-decay",
                "0.3",
                "--schedule",
                "cosine",
                "--warmup",
                "0",
                "--clip",
                "0.7",
                "--balance-alpha",
                "0",
                "--bias-gamma",
                "0.01",
                "--validation",
                "0.2",
                "--length",
                "8");
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(Files.readString(dir.resolve("options/train.json")))
                .contains("\"cosine\"", "\"adamw\"", "0.002", "0.3", "0.7", "0.01", "0.2");
    }

    @Test
    void anUnknownScheduleIsWrongUsage() {
        assertThat(train("nothing", "--steps", "3", "--schedule", "linear")).isEqualTo(2);
        assertThat(err.toString()).contains("schedule: unknown type linear; need wsd or cosine");
        assertThat(dir.resolve("nothing")).doesNotExist();
    }

    @Test
    void precisionAndMomentsAreTheRuns() throws IOException {
        String[] options = {"--length", "16", "--steps", "2", "--precision", "fp8", "--moments", "bf16"};
        assertThat(train("fp8", options)).as(err::toString).isZero();
        Path run = dir.resolve("fp8");
        assertThat(Files.readString(run.resolve("train.json")))
                .contains("\"precision\" : \"FP8\"", "\"moments\" : \"BF16\"");
        List<String> metrics = Files.readAllLines(run.resolve("metrics.jsonl"));
        assertThat(metrics.get(0)).contains("\"fp8\":[{\"part\":\"layers.0.attn\",\"kind\":\"activation\"");
        assertThat(metrics.get(1)).doesNotContain("\"fp8\"").contains("\"kept_bytes\":");
        assertThat(eva("train", "--resume", run.toString(), "--steps", "1")).isZero();
        assertThat(train("bad", "--moments", "fp16")).isEqualTo(2);
        assertThat(err.toString()).contains("--moments", "fp16", "FP32, BF16");
    }
}
