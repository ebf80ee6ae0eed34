package dev.eva.tests.cli;

import static dev.eva.tests.cli.Cli.eva;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.Presets;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.ConfigJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user can get wrong: one line that names the culprit, exit code 2 for the command line and 1 for the rest. */
class BadInputTest {
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    @TempDir
    Path dir;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "trian                                      | eva: unknown command trian; did you mean train?",
        "--hepl                                     | eva: unknown option --hepl; did you mean --help?",
        "train --stpes 3                            | eva train: unknown option --stpes; did you mean --steps?",
        "train --steps ten                          | eva train: Invalid value for option '--steps': 'ten' is not a",
        "train --steps 0                            | eva train: steps: 0; need at least 1",
        "train --steps 3 --minutes 3                | eva train: ",
        "train --preset shakespear                  | eva train: preset: unknown name shakespear; need one of mini,",
        "train --preset mini --config x.json        | eva train: ",
        "generate                                   | eva generate: Missing required",
        "generate x --prompt                        | eva generate: Missing required parameter for option '--prompt'",
        "generate x --prompt a --temperature -1     | eva generate: --temperature: -1.0; need 0 (greedy) or more",
        "generate x --prompt a --top-p 1.5          | eva generate: --top-p: 1.5; need more than 0 and at most 1",
        "generate x --prompt a --max-tokens 0       | eva generate: --max-tokens: 0; need at least 1",
        "info a b                                   | eva info: ",
        "export a                                   | eva export: Missing required parameter: 'DIR'",
        "export a b --dtype f16                     | eva export: Invalid value for option '--dtype': expected one of",
        "export a b --max-shard-size 2              | eva export: Invalid value for option '--max-shard-size': '2' is",
        "export a b --max-shard-size 0GB            | eva export: Invalid value for option '--max-shard-size': '0GB'",
        "export a b --max-shard-size 1.5GB          | eva export: Invalid value for option '--max-shard-size'",
        "export a b --max-shard-size 99999999999TB  | '99999999999TB' is more than 2^63 bytes",
        "init out                                   | eva init: ",
        "init --preset shakespear out               | eva init: --preset: unknown name shakespear; need one of mini,",
        "init --preset mini                         | eva init: Missing required parameter: 'OUT'",
        "init --preset mini --config x.json out     | eva init: ",
        "logits a                                   | eva logits: ",
        "logits a --ids 1,two                       | eva logits: Invalid value for option '--ids'",
        "logits a --ids 1 --prompt x                | eva logits: ",
        "logits a --ids 1 --max-tokens -1           | eva logits: --max-tokens: -1; need 0 or more",
        "masterclass --seed x                       | eva masterclass: Invalid value for option '--seed': 'x' is not a",
        "memory --heads 0                           | eva memory: --heads: 0; need at least 1",
        "memory --latent 3                          | eva memory: a shape of your own needs --heads",
        "memory --preset v4                         | eva memory: --preset: unknown name v4; need one of mini,",
        "memory --heads 99999999 --head-dim 9999999 | eva memory: the shape is too large to be counted",
    })
    void wrongUsage(String line, String message) {
        expect(USAGE, eva(line.split(" +")), message);
    }

    @Test
    void missingFiles() {
        Path none = dir.resolve("none");
        expect(FAILED, eva("info", none.toString()), none + ": no such file or folder");
        expect(FAILED, eva("info", none + ".json"), none + ".json: no such file");
        expect(FAILED, eva("generate", none.toString(), "--prompt", "a"), none + ": no such file or folder");
        expect(FAILED, eva("export", none.toString(), dir + "/out"), none + ": no such file or folder");
        expect(FAILED, eva("init", "--config", none + ".json", dir + "/out"), none + ".json: no such file");
        expect(FAILED, eva("logits", none.toString(), "--ids", "1"), none + ": no such file or folder");
        assertThat(dir.resolve("out")).doesNotExist();
        expect(FAILED, train("--data", none.toString()), none.toString());
        expect(FAILED, train("--config", none + ".json"), none + ".json: no such file");
        expect(FAILED, eva("train", "--resume", none.toString()), none.toString());
    }

    @Test
    void aFolderForAFileAndAFileForAFolder() throws IOException {
        Path json = Files.createDirectory(dir.resolve("config.json"));
        expect(FAILED, eva("info", json.toString()), json + ": is a directory");
        expect(FAILED, train("--config", json.toString()), json + ": is a directory");
        expect(FAILED, eva("info", dir.toString()), dir.toString());
        Path file = Files.writeString(dir.resolve("file"), "text".repeat(1000));
        expect(FAILED, eva("train", "--steps", "1", "--out", file.toString()), file + ": is a file");
        expect(FAILED, eva("masterclass", "--out", file.toString()), "--out: " + file + " is a file; need a folder");
        expect(FAILED, eva("masterclass", "--run", dir.toString()), "--run: " + dir + " is no run of eva train");
        expect(FAILED, eva("init", "--preset", "mini", file.toString()), file + ": is a file; need the name of a new");
        expect(FAILED, eva("init", "--preset", "mini", dir.toString()), dir + ": is not empty and is not overwritten");
    }

    @Test
    void notAConfig() throws IOException {
        expectConfig("{", "not JSON");
        expectConfig("[]", "not a model config: need a JSON object");
        expectConfig("{}", "hidden_size: missing");
        expectConfig("{\"model_type\": \"llama\"}", "llama");
        expectConfig("", "JSON");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "qk_rope_head_dim | 7 | qk_rope_head_dim: 7; need an even number",
        "num_experts_per_tok | 5 | num_experts_per_tok: 5 is more than",
        "n_group | 3 | n_routed_experts: 4 is not divisible by n_group 3",
        "n_group | 4 | n_group: 4 leaves 1 expert a group",
        "hidden_size | 0 | hidden_size: 0; need at least 1",
        "hidden_size | -256 | hidden_size",
        "vocab_size | \"many\" | vocab_size",
        "num_hidden_layers | 1.5 | num_hidden_layers",
        "hiden_size | 256 | hiden_size",
    })
    void impossibleConfig(String key, String value, String message) throws IOException {
        String good = ConfigJson.toJson(Presets.mini());
        String bad = good.contains("\"" + key + "\"")
                ? good.replaceFirst("\"" + key + "\"\\s*:\\s*[^,\\n}]+", "\"" + key + "\" : " + value)
                : good.replaceFirst("\\{", "{\"" + key + "\": " + value + ",");
        expectConfig(bad, message);
    }

    @Test
    void damagedCheckpoints() throws IOException {
        Path model = dir.resolve("model");
        Checkpoint.save(DeepSeekModel.random(Presets.mini(), new SplittableRandom(1)), model);
        Path file = model.resolve("model.safetensors");
        byte[] good = Files.readAllBytes(file);

        expectDamaged(model, new byte[] {1, 2, 3});
        expectDamaged(model, java.util.Arrays.copyOf(good, good.length - 4));
        expectDamaged(model, java.util.Arrays.copyOf(good, 100));
        byte[] length = good.clone();
        ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).putLong(0, Long.MAX_VALUE);
        expectDamaged(model, length);
        byte[] header = good.clone();
        header[8] = '[';
        expectDamaged(model, header);
        Files.delete(file);
        expect(FAILED, eva("info", model.toString()), model + ": not a checkpoint: neither model.safetensors nor");
    }

    @Test
    void textThatCannotBeTrainedOn() throws IOException {
        Path tiny = Files.writeString(dir.resolve("tiny.txt"), "to be");
        expect(FAILED, train("--data", tiny.toString()), "need");
        Path empty = Files.writeString(dir.resolve("empty.txt"), "");
        expect(FAILED, train("--data", empty.toString()), "empty");
        Path latin = Files.write(dir.resolve("latin.txt"),
                "caf\u00e9 ".repeat(9000).getBytes(StandardCharsets.ISO_8859_1));
        expect(FAILED, train("--data", latin.toString()), latin.toString());
        assertThat(dir.resolve("run")).as("nothing is left behind").doesNotExist();
    }

    @Test
    void debugAddsTheStackTrace() {
        Cli failed = eva("info", dir.resolve("none").toString(), "--debug");

        assertThat(failed.code()).isEqualTo(FAILED);
        assertThat(failed.err().lines().count()).isGreaterThan(3);
        assertThat(failed.err()).contains("\tat dev.eva.");
    }

    private Cli train(String... options) {
        String[] all = new String[options.length + 5];
        System.arraycopy(new String[] {"train", "--steps", "1", "--out", dir.resolve("run").toString()}, 0, all, 0, 5);
        System.arraycopy(options, 0, all, 5, options.length);
        return eva(all);
    }

    private void expectConfig(String json, String message) throws IOException {
        Path file = Files.writeString(dir.resolve("bad.json"), json);
        expect(FAILED, train("--config", file.toString()), message);
        assertThat(dir.resolve("run")).as("nothing is left behind").doesNotExist();
    }

    private static void expectDamaged(Path model, byte[] bytes) throws IOException {
        Path file = model.resolve("model.safetensors");
        Files.write(file, bytes);
        expect(FAILED, eva("info", model.toString()), file.toString());
        Files.write(model.resolve("tokenizer.json"), "{\"type\": \"byte\"}".getBytes(StandardCharsets.UTF_8));
        expect(FAILED, eva("generate", model.toString(), "--prompt", "a"), file.toString());
    }

    private static void expect(int code, Cli run, String message) {
        assertThat(run.err().lines()).as("one line").singleElement();
        assertThat(run.err()).startsWith("eva").contains(message).doesNotContain("Exception");
        assertThat(run.out()).isEmpty();
        assertThat(run.code()).as(run.err()).isEqualTo(code);
    }
}
