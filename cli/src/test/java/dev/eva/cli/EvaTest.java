package dev.eva.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaTest {
    private record Result(int code, String out, String err) {}

    private static Result eva(List<String> words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Eva.run(new PrintWriter(out), new PrintWriter(err), words.toArray(String[]::new));
        return new Result(code, out.toString(), err.toString());
    }

    /** A first word that names a command has that command alone looked at; behind an option all are. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "train", "generate", "chat", "export", "quantize", "dequantize", "init", "logits", "tokenizer", "info",
                "parity", "memory", "masterclass", "devices", "bench", "doctor", "help", "genrate"
            })
    void aCommandAloneSaysWhatItSaysAmongAll(String command) {
        List<List<String>> rest = List.of(
                List.of("--help"),
                List.of("-V"),
                List.of("--hlep"),
                List.of("a", "b", "generate", "d"),
                List.of("generate", "--hlep"),
                List.of("--threds", "2"));
        for (List<String> words : rest) {
            List<String> alone = new ArrayList<>(List.of(command));
            alone.addAll(words);
            List<String> among = new ArrayList<>(List.of("--debug"));
            among.addAll(alone);

            Result result = eva(alone);

            assertThat(result).as("%s", alone).isEqualTo(eva(among));
            assertThat(result.out + result.err).isNotEmpty();
        }
    }
}
