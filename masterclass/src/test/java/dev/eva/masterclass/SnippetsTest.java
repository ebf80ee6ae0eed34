package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SnippetsTest {
    @Test
    void theLinesComeWithoutMarginAndMarks() {
        assertThat(Snippets.of(CacheExperiment.class, "size"))
                .startsWith("CacheSize size = CacheSize.of(mla, LENGTH);\n")
                .contains("long row = size.withRope();")
                .doesNotContain("snippet", "// end");
    }

    @Test
    void aMissingOneIsAnError() {
        assertThatThrownBy(() -> Snippets.of(CacheExperiment.class, "nothing"))
                .hasMessageContaining("CacheExperiment.java")
                .hasMessageContaining("nothing");
        assertThatThrownBy(() -> Snippets.of(String.class, "size")).hasMessageContaining("no source String.java");
    }
}
