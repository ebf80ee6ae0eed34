package dev.eva.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatCommandTest {
    @TempDir
    Path dir;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int eva(String input, String... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        try {
            return Eva.run(new PrintWriter(out), new PrintWriter(err), args);
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void repliesToEachLineUntilTheInputEnds() {
        String model = dir.resolve("model").toString();
        assertThat(eva("", "init", "--preset", "mini", model)).isZero();
        String[] chat = {"chat", model, "--temperature", "0", "--max-tokens", "5", "--system", "Be brief."};
        assertThat(eva("hello\\\nthere\n\n/reset\n/help\nhello\\\nthere\n/exit\nno more\n", chat))
                .isZero();
        String[] replies = out.toString().split("\n");
        assertThat(err.toString()).contains("/reset, /exit", "forgotten", "unknown command /help", "5 tokens at");
        assertThat(err.toString().split("tokens/s")).hasSize(3);
        assertThat(replies[0]).isEqualTo(replies[replies.length / 2]);
        assertThat(eva("", chat)).isZero();
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void mistakesAreOneLine() {
        assertThat(eva("", "chat", dir.resolve("none").toString())).isEqualTo(1);
        assertThat(err.toString()).contains("no such file or folder");
        assertThat(eva("", "chat")).isEqualTo(2);
        assertThat(eva("", "chat", dir.toString(), "--top-p", "7")).isEqualTo(2);
        assertThat(err.toString().strip()).doesNotContain("\n");
    }
}
