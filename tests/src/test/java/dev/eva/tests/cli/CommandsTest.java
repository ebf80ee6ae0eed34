package dev.eva.tests.cli;

import static dev.eva.tests.cli.Cli.eva;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "train", "generate", "parity", "export", "quantize", "dequantize", "init", "logits", "info", "memory",
                "bench", "doctor"
            })
    void helpHasExamples(String command) {
        Cli help = eva(command, "--help");

        assertThat(help.code()).isZero();
        assertThat(help.out()).contains("Usage: eva " + command, "Examples:", "  eva " + command);
        assertThat(help.err()).isEmpty();
    }

    @Test
    void withoutACommandThereIsTheHelp() {
        assertThat(eva().out()).contains("Usage: eva", "train", "generate", "info", "memory", "doctor");
        assertThat(eva("--version").out()).startsWith("eva ").contains("Java 2");
    }

    /** The figures of the founding document: T = 2048, B = 1, float32. */
    @ParameterizedTest
    @CsvSource({"768, 12.0, 1.5", "1024, 16.0, 2.0", "1536, 24.0, 3.0", "2048, 32.0, 4.0"})
    void memoryOfTheTeachingShapes(int width, String standard, String latent) {
        Cli memory = eva("memory");

        assertThat(memory.code()).isZero();
        assertThat(memory.out().lines().filter(l -> l.contains(" " + width / 64 + " x 64 ")))
                .singleElement()
                .satisfies(l -> assertThat(l.replaceAll(" +", " ")).contains(standard + " " + latent + " 87.5 % 8.0x"));
    }

    @Test
    void memoryOfTheRealShapeAndTheHeadline() {
        String out = eva("memory").out().replaceAll(" +", " ");

        assertThat(out).contains("128 x 128 256.0 4.0 98.4 % 64.0x 4.5 98.2 % 56.9x");
        assertThat(out).contains("194,560 16 389,120", "34,560 6 25,920", "82.2 % 93.3 %");
    }

    @Test
    void memoryOfAShapeOfOnesOwn() {
        Cli own = eva(
                "memory",
                "--heads",
                "16",
                "--head-dim",
                "128",
                "--latent",
                "512",
                "--rope",
                "64",
                "--layers",
                "27",
                "--length",
                "4096",
                "--batch",
                "2",
                "--bytes",
                "2");

        // 2 * 4096 tokens * 27 layers * 2 bytes: 4096 values standard, 576 latent
        assertThat(own.out().replaceAll(" +", " ")).contains("1,728.0 216.0 87.5 % 8.0x 243.0 85.9 % 7.1x");
    }

    @Test
    void infoCountsTheParametersOfV3() {
        assertThat(eva("info", "v3").out())
                .contains("671,026,404,352", "37,552,282,624", "35,136 values a token (576 a layer)", "98.2 %, 56.9x");
    }

    @Test
    void infoListsThePresets() {
        assertThat(eva("info").out())
                .contains("mini", "shakespeare", "shakespeare-bench", "small", "lite", "v2-lite", "v3", "15.7 B");
    }

    @Test
    void doctorSaysWhatRunsAndWhy() {
        Cli doctor = eva("doctor");

        assertThat(doctor.code()).isZero();
        assertThat(doctor.out()).contains("Java ", "Compiler ", "Kernels ", "chosen", "Cores ", "Memory ", "OpenCL ");
    }
}
