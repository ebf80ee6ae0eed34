package dev.eva.model.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {
    private static final List<String> OPTIONS = List.of("--clip", "--help", "--steps", "--seed", "--out");

    @ParameterizedTest
    @CsvSource({
        "--hlep, --help", // two neighbours in the other order are one edit, as near as any single letter
        "--setps, --steps",
        "--see, --seed",
        "--seeed, --seed",
        "--sead, --seed",
        "--out, --out"
    })
    void fewestEditsWin(String name, String meant) {
        assertEquals(Optional.of(meant), Nearest.to(name, OPTIONS));
    }

    @Test
    void nothingIsNear() {
        assertEquals(Optional.empty(), Nearest.to("--learning-rate", OPTIONS));
        assertEquals(Optional.empty(), Nearest.to("-".repeat(201), List.of("-".repeat(201))));
        assertEquals("", Nearest.hint("--learning-rate", OPTIONS));
        assertEquals("; did you mean --out?", Nearest.hint("--uot", OPTIONS));
    }
}
