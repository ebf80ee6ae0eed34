package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.model.Presets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainConfigTest {
    @TempDir
    Path dir;

    @Test
    void settingsOfEveryPresetSurviveTheirFile() {
        for (String name : Presets.names()) {
            RunSettings settings = new RunSettings(name, List.of("a", "b"), "hash", "char", TrainPresets.byName(name));
            Json.write(dir.resolve("train.json"), settings);
            assertThat(Json.read(dir.resolve("train.json"), RunSettings.class)).isEqualTo(settings);
        }
    }

    @Test
    void stateSurvivesItsFile() {
        for (var best : List.of(Optional.<TrainerState.Best>empty(), Optional.of(new TrainerState.Best(3, 1.0 / 3)))) {
            TrainerState state = new TrainerState(7, 1L << 40, 0.1, 100, best, 3, 1);
            Json.write(dir.resolve("s.json"), state);
            assertThat(Json.read(dir.resolve("s.json"), TrainerState.class)).isEqualTo(state);
        }
    }

    @Test
    void aRunOfBeforeMultiTokenPredictionPrecisionAndGrowthIsRead() throws IOException {
        RunSettings now = new RunSettings("tiny", List.of("a"), "hash", "byte", Tiny.train("adamw", 5));
        Path file = dir.resolve("train.json");
        Json.write(file, now);
        String older = Files.readString(file)
                .replaceAll("(?s)\"mtp\" : \\{.*?\\},", "")
                .replaceAll("\"precision\" : \"FP32\",", "")
                .replaceAll("(?s),\\s*\"growth\" : \\{.*?\\}", "");
        assertThat(older).doesNotContain("mtp", "precision", "growth");
        Files.writeString(file, older);
        assertThat(RunSettings.read(file)).isEqualTo(now);
    }

    @Test
    void brokenFilesAreOneLine() throws IOException {
        Path file = dir.resolve("train.json");
        assertThatThrownBy(() -> Json.read(file, RunSettings.class)).hasMessageContaining("no such file");
        for (String bad : List.of("{", "{}", "{\"name\": 3, \"what\": 4}", "[]", "")) {
            Files.writeString(file, bad);
            assertThatThrownBy(() -> Json.read(file, RunSettings.class))
                    .isInstanceOf(TrainException.class)
                    .hasMessageContaining("not a file of a run")
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void impossibleValuesAreRefused() {
        assertThatThrownBy(() -> new TrainConfig.Batching(0, 1, 1)).hasMessage("batch_size: 0; need at least 1");
        assertThatThrownBy(() -> new Budget.Minutes(Double.NaN)).hasMessageContaining("minutes");
        assertThatThrownBy(() -> new Budget.Steps(0)).hasMessageContaining("steps: 0");
        assertThatThrownBy(() -> new TrainConfig.Balance(-1, 0)).hasMessageContaining("balance");
        assertThatThrownBy(() -> new TrainConfig.Saving(1, 1, 0)).hasMessage("keep: 0; need at least 1");
        assertThatThrownBy(() -> TrainPresets.optimizer("muon", 0)).hasMessageContaining("lr: 0.0");
        assertThatThrownBy(() -> TrainPresets.optimizer("sgd", 1)).hasMessageContaining("need adamw or muon");
        assertThatThrownBy(() -> new ScheduleConfig.Wsd(1, 2, 0)).hasMessageContaining("stable 2.0");
        assertThatThrownBy(() -> new ScheduleConfig.Cosine(-1, 0)).hasMessageContaining("warmup -1");
    }
}
