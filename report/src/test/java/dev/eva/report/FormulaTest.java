package dev.eva.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormulaTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "x | <mi>x</mi>",
                "-12.5 | <mo>−</mo><mn>12.5</mn>",
                "a_i^2 | <msubsup><mi>a</mi><mi>i</mi><mn>2</mn></msubsup>",
                "\\frac{1}{E} | <mfrac><mrow><mn>1</mn></mrow><mrow><mi>E</mi></mrow></mfrac>",
                "\\sum_e u_e | <munder><mo>∑</mo><mi>e</mi></munder><msub><mi>u</mi><mi>e</mi></msub>",
                "\\sqrt{\\text{dim } h} | <msqrt><mrow><mtext>dim </mtext><mi>h</mi></mrow></msqrt>",
                "a < b | <mi>a</mi><mo>&lt;</mo><mi>b</mi>",
                "\\hat{u} | <mover accent=\"true\"><mrow><mi>u</mi></mrow><mo>^</mo></mover>",
            })
    void formulasBecomeMathMl(String source, String expected) {
        assertThat(Formula.inline(source)).isEqualTo("<math><mrow>" + expected + "</mrow></math>");
        assertThat(Formula.block(source)).startsWith("<math display=\"block\">");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\\foo | unknown \\foo",
                "a_ | missing at the end",
                "{a | a } is missing",
                "a} | a } too many",
                "\\text x | needs {words}"
            })
    void whatIsNotUnderstoodIsNamed(String source, String message) {
        assertThatThrownBy(() -> Formula.inline(source))
                .hasMessageContaining(message)
                .hasMessageContaining(source);
    }

    @Test
    void aTerminalGetsSigns() {
        assertThat(Formula.plain("\\sum_e u_e \\le \\frac{1}{E} \\times 8")).isEqualTo("∑_e u_e ≤ 1E × 8");
    }
}
