package dev.eva.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.model.Mutations;
import dev.eva.model.text.bpe.BpeTokenizer;
import dev.eva.model.text.bpe.BpeTrainer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Broken tokenizer files: each is either a tokenizer that works or one clear line. */
class TokenizerFuzzTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    @TempDir
    private Path dir;

    private Path file;

    @BeforeEach
    void folder() {
        file = dir.resolve(Tokenizers.FILE);
    }

    private List<String> seeds() throws IOException {
        BpeTokenizer bpe = BpeTrainer.train(
                new Corpus.Literal("the cat sat on the mat, the rat".repeat(3)), 270, BpeTrainer.Progress.NONE);
        List<String> seeds = new ArrayList<>();
        seeds.add(bpe.json());
        Tokenizers.save(CharTokenizer.of("\nabcde "), dir);
        seeds.add(Files.readString(file));
        Path hf = Files.createDirectory(dir.resolve("hf"));
        HfTokenizerJson.convert(dir, 64, hf);
        seeds.add(Files.readString(hf.resolve(Tokenizers.FILE)));
        HfTokenizerJson.writeBytes(260, 64, hf);
        seeds.add(Files.readString(hf.resolve(Tokenizers.FILE)));
        seeds.add(deepSeeks(bpe));
        for (String name : List.of("wordpiece", "unigram", "bpe-parts", "wordlevel")) {
            try (InputStream in = TokenizerFuzzTest.class.getResourceAsStream(name + ".json")) {
                seeds.add(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return seeds;
    }

    /** A file in the form of DeepSeek-V3's, which their library runs. */
    private static String deepSeeks(BpeTokenizer bpe) {
        ObjectNode root = (ObjectNode) JSON.readTree(bpe.json());
        for (String token : List.of("<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<\uff5cUser\uff5c>")) {
            root.withArray("added_tokens")
                    .addObject()
                    .put("id", 300 + root.path("added_tokens").size())
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        ObjectNode normalizer = root.putObject("normalizer").put("type", "Sequence");
        normalizer.putArray("normalizers").addObject().put("type", "NFC");
        ObjectNode split = root.putObject("pre_tokenizer").put("type", "Sequence");
        ObjectNode digits = split.putArray("pretokenizers").addObject().put("type", "Split");
        digits.putObject("pattern").put("Regex", "\\p{N}{1,3}");
        digits.put("behavior", "Isolated").put("invert", false);
        split.withArray("pretokenizers")
                .addObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
        return root.toString();
    }

    private void tryOut(String what, byte[] content) throws IOException {
        Files.write(file, content);
        try {
            Tokenizer t = Tokenizers.load(dir);
            assertThat(t.vocabSize()).as(what).isBetween(1, 1 << 24);
            int[] ids = t.encode("a cab");
            assertThat(Arrays.stream(ids).allMatch(id -> id >= 0 && id < t.vocabSize()))
                    .as(what)
                    .isTrue();
            t.decode(ids);
        } catch (TextException e) {
            assertThat(e.getMessage()).as(what).doesNotContain("\n").hasSizeBetween(20, 600);
        } catch (RuntimeException | Error e) {
            Files.write(Path.of("target", "tokenizer-fuzz-failure.json"), content);
            throw new AssertionError(what + ": " + e + ": " + new String(content, StandardCharsets.UTF_8), e);
        }
    }

    private void bytes(int times, long seed) throws IOException {
        List<String> seeds = seeds();
        SplittableRandom random = new SplittableRandom(seed);
        for (int n = 0; n < times; n++) {
            byte[] content = Mutations.bytes(seeds.get(n % seeds.size()).getBytes(StandardCharsets.UTF_8), random);
            tryOut("bytes " + n, content);
        }
    }

    private void nodes(int times, long seed) throws IOException {
        List<String> seeds = seeds();
        SplittableRandom random = new SplittableRandom(seed);
        for (int n = 0; n < times; n++) {
            JsonNode root = JSON.readTree(seeds.get(n % seeds.size()));
            Mutations.nodes(root, random);
            tryOut("nodes " + n, root.toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void brokenBytes() throws IOException {
        bytes(10_000, 1);
    }

    @Test
    void brokenValues() throws IOException {
        nodes(10_000, 2);
    }

    @Tag("exhaustive")
    @Test
    void manyMore() throws IOException {
        for (int seed = 10; seed < 30; seed++) {
            bytes(10_000, seed);
            nodes(10_000, seed);
        }
    }
}
