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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
