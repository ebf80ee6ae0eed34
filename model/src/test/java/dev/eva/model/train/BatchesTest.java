package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.model.text.ByteTokenizer;
import dev.eva.model.text.Corpus;
import dev.eva.model.text.CorpusScan;
import dev.eva.model.text.TokenFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchesTest {
    @TempDir
    Path dir;

    /** Text of n bytes in which the byte at i is i mod 113. */
    private TokenFile text(int n) throws IOException {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < n; i++) {
            s.append((char) (i % 113));
        }
        Corpus corpus = new Corpus.Literal(s.toString());
        return TokenFile.open(dir.resolve("t" + n), corpus, CorpusScan.of(corpus), new ByteTokenizer());
    }

    @Test
    void anEpochHasEveryWindowOnceAndNoTwoAreAlike() throws IOException {
        for (int n : new int[] {17, 31, 33, 48, 1000, 4099}) {
            try (TokenFile file = text(n)) {
                Batches batches = new Batches(file.all(), 16, 7);
                Set<Long> first = new HashSet<>();
                Set<Long> second = new HashSet<>();
                for (long i = 0; i < batches.windows(); i++) {
                    first.add(batches.start(i));
                    second.add(batches.start(batches.windows() + i));
                }
                assertThat(first).hasSize((int) batches.windows()).allMatch(s -> s >= 0 && s + 17 <= n);
                assertThat(first.stream().map(s -> s % 16).distinct()).hasSize(1);
                assertThat(second).hasSize((int) batches.windows());
                assertThat((batches.windows() + 2) * 16).isGreaterThan(n);
                if (n >= 1000) {
                    assertThat(second).isNotEqualTo(first);
                    assertThat(first.stream().toList())
                            .isNotEqualTo(first.stream().sorted().toList());
                }
            }
        }
    }

    @Test
    void aBatchIsAFunctionOfSeedAndPlace() throws IOException {
        try (TokenFile file = text(3000)) {
            int[] ids = new int[32];
            int[] targets = new int[32];
            new Batches(file.all(), 16, 3).fill(82, ids, targets);
            Batches again = new Batches(file.all(), 16, 3);
            int[] ids2 = new int[32];
            int[] targets2 = new int[32];
            again.fill(14, ids2, targets2);
            assertThat(ids2).isNotEqualTo(ids);
            again.fill(82, ids2, targets2);
            assertThat(ids2).isEqualTo(ids);
            assertThat(targets2).isEqualTo(targets);
            for (int i = 0; i < 32; i++) {
                assertThat(targets[i]).isEqualTo((ids[i] + 1) % 113);
            }
            new Batches(file.all(), 16, 4).fill(82, ids2, targets2);
            assertThat(ids2).isNotEqualTo(ids);
        }
    }

    @Test
    void aTextShorterThanABlockIsRefused() throws IOException {
        try (TokenFile file = text(16)) {
            assertThatThrownBy(() -> new Batches(file.all(), 16, 0))
                    .isInstanceOf(TrainException.class)
                    .hasMessageContaining("16 tokens to train on; a block needs at least 17")
                    .hasMessageNotContaining("\n");
        }
    }
}
