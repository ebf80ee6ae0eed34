package dev.eva.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MarkupTest {
    private final Figures figures = new Figures();

    @BeforeEach
    void someFigures() {
        figures.put("cache.gpt2.standard", 12, "MB");
        figures.put("ratio", 56.8889, "x");
        figures.put("tiny", 2.1234e-7, "");
    }

    @Test
    void figuresKeepNameAndValue() {
        assertThat(Markup.html("It takes {cache.gpt2.standard:1}.", figures))
                .isEqualTo("It takes <data class=\"figure\" data-name=\"cache.gpt2.standard\" value=\"12.0\">12.0 MB"
                        + "</data>.");
        assertThat(Markup.plain("{=cache.gpt2.standard:2}, {ratio:1}, {ratio}, {tiny}", figures))
                .isEqualTo("12.00, 56.9x, 56.89x, 2.12e-7");
        assertThatThrownBy(() -> Markup.html("{nothing}", figures)).hasMessageContaining("nothing");
    }

    @Test
    void marksBecomeElements() {
        assertThat(Markup.html("*so* `a < b` [V3, section 2.1] a & b", figures))
                .isEqualTo("<em>so</em> <code>a &lt; b</code> <cite>V3, section 2.1</cite> a &amp; b");
        assertThat(Markup.plain("*so* `a < b` [V3, section 2.1]", figures)).isEqualTo("so a < b (V3, section 2.1)");
        assertThat(Markup.html("of $512$ and $c_t$", figures))
                .isEqualTo("of <span class=\"constant\">512</span> and <math><mrow><msub><mi>c</mi><mi>t</mi></msub>"
                        + "</mrow></math>");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "it is 8 times",
                "8",
                "ratio 8.0x",
                "(8)",
                "1,024 tokens",
                "-5",
                "x = 3",
                "the 2-core one",
                "*of 8*"
            })
    void aBareNumberIsAnError(String text) {
        assertThatThrownBy(() -> Markup.html(text, figures)).hasMessageContaining("is no figure");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GPT-2", "E4M3 and FP8", "tiles of 1x128", "128x128", "DeepSeek-V3", "top-2", "F32", "$3$"})
    void numbersInNamesAreNone(String text) {
        assertThat(Markup.html(text, figures)).isNotEmpty();
    }

    @Test
    void numbersAreReadable() {
        assertThat(new Figures.Figure(1234567, "").number()).isEqualTo("1,234,567");
        assertThat(new Figures.Figure(0, "").number()).isEqualTo("0");
        assertThat(new Figures.Figure(3.14159, "").number()).isEqualTo("3.142");
        assertThat(new Figures.Figure(0.001234, "").number()).isEqualTo("0.001234");
        assertThat(new Figures.Figure(12345.6, "").number()).isEqualTo("12,346");
        assertThat(new Figures.Figure(-0.001, "").number(1)).isEqualTo("0.0");
    }

    @Test
    void figuresAreNumbersWithNamesOfTheirOwn() {
        assertThatThrownBy(() -> figures.put("ratio", 1, "")).hasMessageContaining("is there already");
        assertThatThrownBy(() -> figures.put("bad", Double.NaN, "")).hasMessageContaining("NaN");
        assertThatThrownBy(() -> figures.put("Bad name", 1, "")).hasMessageContaining("lower-case");
    }
}
