package dev.eva.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The packaged jar, started as a user starts it: {@code java -jar eva.jar}, without any flag. */
class JarTest {
    /** Half of it is native code for tokenizers, on four systems. */
    private static final long LARGEST = 36L << 20;

    private static final Path JAR = Path.of(System.getProperty("eva.jar"));

    @TempDir
    Path dir;

    private record Ended(int code, String out, String err) {}

    @BeforeEach
    void packaged() {
        assumeThat(JAR).as("mvn verify packages it before these tests").exists();
    }

    @Test
    void startsAgainWithTheVectorApi() throws Exception {
        assertThat(java("doctor").out).contains("vector: chosen");
        assertThat(java("--help").out).contains("Usage: eva", "train");
    }

    @Test
    void handsOverExitCodesAndOptions() throws Exception {
        assertThat(java("nonsense").code).isEqualTo(2);
        assertThat(java("info", dir.resolve("none").toString()).code).isEqualTo(1);
        assertThat(java(List.of("-Xmx123m", "-Deva.kernels=reference"), "doctor").out)
                .contains("reference: chosen", "grow to 12");
    }

    @Test
    void trainsAndGenerates() throws Exception {
        Path run = dir.resolve("run");
        Path text =
                Files.writeString(dir.resolve("text.txt"), "To be, or not to be, that is the question.\n".repeat(500));

        Ended trained =
                java("train", "--preset", "mini", "--data", text.toString(), "--steps", "2", "--out", run.toString());
        assertThat(trained.code).as(trained.err).isZero();
        Ended generated = java("generate", run.toString(), "--prompt", "To be", "--max-tokens", "20");

        assertThat(generated.code).as(generated.err).isZero();
        assertThat(generated.out).startsWith("To be").hasSize("To be".length() + 20 + 1);
        assertThat(java("info", run.toString()).out).contains("parameters", "cache");

        // Kernels are made ready ahead, but not those that a user asks for: what is wrong with them has to be said.
        Ended wrong = java(List.of("-Deva.kernels=none"), "generate", run.toString(), "--prompt", "To be");
        assertThat(wrong.code).isEqualTo(1);
        assertThat(wrong.err).contains("-Deva.kernels=none: no such provider; have vector").doesNotContain("internal");
    }

    /** Weights stay in the mapped files: more than three times the heap, in two types, and several files. */
    @ParameterizedTest
    @CsvSource({"bf16, 64", "fp8, 40"})
    void aCheckpointMayBeLargerThanTheHeap(String type, int heap) throws Exception {
        Path config = Files.writeString(dir.resolve("config.json"), """
                {"model_type": "deepseek_v3", "vocab_size": 256, "hidden_size": 512, "intermediate_size": 1024,
                 "num_hidden_layers": 4, "first_k_dense_replace": 1, "num_attention_heads": 8, "q_lora_rank": null,
                 "kv_lora_rank": 128, "qk_nope_head_dim": 32, "qk_rope_head_dim": 32, "v_head_dim": 32,
                 "n_routed_experts": 120, "num_experts_per_tok": 4, "n_shared_experts": 1, "n_group": 1,
                 "topk_group": 1, "moe_intermediate_size": 256, "max_position_embeddings": 512}
                """);
        Path model = dir.resolve("model");
        Ended made = java(
                "init", "--config", config.toString(), "--dtype", type, "--max-shard-size", "100MB", model.toString());
        assertThat(made.code).as(made.err).isZero();
        try (Stream<Path> files = Files.list(model)) {
            long bytes = files.mapToLong(f -> f.toFile().length()).sum();
            assertThat(bytes).isGreaterThan(3L * heap << 20);
        }
        Ended generated = java(
                List.of("-Xmx" + heap + "m"), "generate", model.toString(), "--prompt", "To be", "--max-tokens", "10");
        assertThat(generated.code).as(generated.err).isZero();
        assertThat(generated.out).startsWith("To be");
    }

    @Test
    void holdsWhatItNeedsAndNoMore() throws IOException {
        assertThat(Files.size(JAR)).isLessThan(LARGEST);
        try (JarFile jar = new JarFile(JAR.toFile())) {
            List<String> names = Collections.list(jar.entries()).stream()
                    .map(JarEntry::getName)
                    .toList();
            assertThat(names)
                    .contains("META-INF/services/dev.eva.tensor.kernel.KernelProvider")
                    .noneMatch(n -> n.endsWith("module-info.class") || n.endsWith(".SF") || n.endsWith(".RSA"));
            assertThat(jar.getManifest().getMainAttributes().getValue("Main-Class"))
                    .isEqualTo("dev.eva.cli.Main");
        }
    }

    private Ended java(String... args) throws Exception {
        return java(List.of(), args);
    }

    private Ended java(List<String> options, String... args) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-jar", JAR.toString()));
        command.addAll(List.of(args));
        Path out = dir.resolve("out");
        Path err = dir.resolve("err");
        Process process = new ProcessBuilder(command)
                .directory(dir.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        int code = process.waitFor();
        return new Ended(
                code, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
    }
}
