package dev.eva.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.mla.MlaConfig;
import dev.eva.mla.QueryProjection;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.text.ByteTokenizer;
import dev.eva.model.text.SpecialTokens;
import dev.eva.model.text.Tokenizer;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.RoutingMethod;
import dev.eva.nn.RopeConfig;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChatTest {
    private static final int LONG = 200;

    /** Bytes, of which one ends a reply. */
    private record Ending(ByteTokenizer bytes, int end) implements Tokenizer {
        Ending(int end) {
            this(new ByteTokenizer(), end);
        }

        @Override
        public String type() {
            return bytes.type();
        }

        @Override
        public int vocabSize() {
            return bytes.vocabSize();
        }

        @Override
        public int[] encode(String text) {
            return bytes.encode(text);
        }

        @Override
        public StreamDecoder decoder() {
            return bytes.decoder();
        }

        @Override
        public String fingerprint() {
            return bytes.fingerprint() + end;
        }

        @Override
        public SpecialTokens special() {
            return new SpecialTokens(Optional.empty(), Optional.of(Character.toString(end)), false);
        }
    }

    private static DeepSeekModel model(int limit) {
        MlaConfig mla = new MlaConfig(16, 2, new QueryProjection.Direct(), 8, 4, 4, 4, RopeConfig.plain(100));
        MoeConfig moe = new MoeConfig(16, 4, 1, 2, 8, new RoutingMethod.NoauxTc(1, 1), true, 2.5);
        DeepSeekConfig config = new DeepSeekConfig(256, 16, 2, 1, 24, 1e-6, limit, 0.3, 0, mla, moe);
        return DeepSeekModel.random(config, new SplittableRandom(7));
    }

    private static Chat chat(DeepSeekModel model, Tokenizer tokenizer) {
        return new Chat(model, tokenizer, Optional.of("S"), Sampling.GREEDY, new SplittableRandom(1));
    }

    private static int[] greedy(DeepSeekModel model, int[] prompt, int count) {
        int[] out = new int[count];
        int[] n = {0};
        new Generator(model, Sampling.GREEDY).generate(prompt, count, new SplittableRandom(1), id -> {
            out[n[0]++] = id;
            return true;
        });
        return out;
    }

    private static int[] join(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }

    private static String say(Chat chat, String text, int maxTokens) {
        StringBuilder reply = new StringBuilder();
        chat.say(text, maxTokens, piece -> {
            reply.append(piece);
            return true;
        });
        return reply.toString();
    }

    /** The second turn takes its own tokens alone, and comes out as if all had been read anew. */
    @Test
    void theCacheStaysBetweenTurns() {
        DeepSeekModel model = model(LONG);
        int[] first = new ByteTokenizer().encode("S\n\nUser: hello\n\nAssistant:");
        int[] told = greedy(model, first, 12);
        int end = IntStream.range(1, 128)
                .filter(b -> Arrays.stream(told).noneMatch(id -> id == b))
                .findFirst()
                .orElseThrow();
        Tokenizer tokenizer = new Ending(end);
        Chat chat = chat(model, tokenizer);
        assertThat(say(chat, "hello", 12)).isEqualTo(tokenizer.decode(told));
        int[] second = join(first, told, new int[] {end}, tokenizer.encode("User: more\n\nAssistant:"));
        int[] next = greedy(model, second, 1);
        StringBuilder text = new StringBuilder();
        Chat.Reply reply = chat.say("more", 1, piece -> {
            text.append(piece);
            return true;
        });
        // the last token of the reply before, which was cut, and what ends it
        assertThat(reply.taken()).isEqualTo(second.length - first.length - told.length + 1);
        assertThat(text).hasToString(next[0] == end ? "" : tokenizer.decode(next));
        chat.reset();
        assertThat(say(chat, "hello", 12)).isEqualTo(tokenizer.decode(told));
    }

    @Test
    void theModelEndsItsReply() {
        DeepSeekModel model = model(LONG);
        int[] told = greedy(model, new ByteTokenizer().encode("S\n\nUser: hello\n\nAssistant:"), 12);
        Tokenizer tokenizer = new Ending(told[0]);
        Chat.Reply reply = chat(model, tokenizer).say("hello", 12, piece -> true);
        assertThat(reply.end()).isEqualTo(told[0] < 128 ? Chat.End.DONE : Chat.End.MAX_TOKENS);
        assertThat(reply.tokens()).isLessThanOrEqualTo(12);
        assertThat(chat(model, tokenizer).say("hello", 12, piece -> false).tokens())
                .isLessThanOrEqualTo(1);
    }

    @Test
    void aFullContextForgetsTheOldestTurns() {
        Chat chat = chat(model(100), new ByteTokenizer());
        int forgotten = 0;
        for (int turn = 0; turn < 10; turn++) {
            Chat.Reply reply = chat.say("turn " + turn, 200, piece -> true);
            forgotten += reply.forgotten();
            assertThat(chat.position()).isLessThanOrEqualTo(100);
            assertThat(reply.end()).isIn(Chat.End.CONTEXT_FULL, Chat.End.DONE);
        }
        assertThat(forgotten).isBetween(5, 9);
        int position = chat.position();
        assertThatThrownBy(() -> chat.say("x".repeat(100), 5, piece -> true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the model takes 100");
        assertThat(chat.position()).isEqualTo(position);
    }
}
