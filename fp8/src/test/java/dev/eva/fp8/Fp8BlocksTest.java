package dev.eva.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Fp8BlocksTest {
    @ParameterizedTest
    @CsvSource({"1,1", "128,128", "129,127", "192,128", "300,520", "5,257"})
    void multipliesEveryCodeWithTheScaleOfItsBlock(int rows, int cols) {
        Random random = new Random(rows * 31L + cols);
        byte[] codes = new byte[rows * cols];
        random.nextBytes(codes);
        float[] scales = new float[((rows + 127) / 128) * ((cols + 127) / 128)];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = random.nextFloat() + 0.5f;
        }
        float[] out = new float[3 + rows * cols];
        Fp8Blocks.dequantize(MemorySegment.ofArray(codes), scales, rows, cols, out, 3);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < cols; j++) {
                float scale = scales[(i / 128) * ((cols + 127) / 128) + j / 128];
                float expected = E4m3.decode(codes[i * cols + j]) * scale;
                assertThat(Float.compare(out[3 + i * cols + j], expected)).isZero();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"192,128,1", "128,130,1", "128,128,2"})
    void refusesAGridOfAnotherSize(int rows, int cols, int scales) {
        assertThatThrownBy(() -> Fp8Blocks.dequantize(
                        MemorySegment.ofArray(new byte[rows * cols]),
                        new float[scales],
                        rows,
                        cols,
                        new float[rows * cols],
                        0))
                .hasMessageContaining(scales + " scales for a matrix (" + rows + ", " + cols + ")");
    }
}
