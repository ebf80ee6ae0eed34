package dev.eva.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.fp8.E4m3;
import dev.eva.model.checkpoint.SafetensorsFile;
import org.junit.jupiter.api.Test;

/**
 * E4M3FN against the codes of ml_dtypes: every code, every midpoint and its neighbours, overflow, 20000 random
 * numbers.
 */
class GoldenCodecTest {
    @Test
    void decodesAndEncodesEveryNumber() {
        try (SafetensorsFile file = Golden.open("fp8-codec/codec.safetensors.gz")) {
            float[] decoded = file.tensor("e4m3fn.decode").toArray();
            for (int code = 0; code < 256; code++) {
                assertThat(Float.compare(E4m3.decode((byte) code), decoded[code]))
                        .as("code %d", code)
                        .isZero();
            }
            float[] inputs = file.tensor("e4m3fn.inputs").toArray();
            int[] codes = file.ints("e4m3fn.codes").array();
            int[] saturated = file.ints("e4m3fn.codes_sat").array();
            assertThat(inputs.length).isGreaterThan(20_000);
            for (int i = 0; i < inputs.length; i++) {
                if (Float.isNaN(inputs[i])) {
                    assertThat(E4m3.encode(inputs[i]) & 0x7F).isEqualTo(0x7F);
                } else {
                    assertThat(E4m3.encodeOrNan(inputs[i]) & 0xFF)
                            .as("%s", inputs[i])
                            .isEqualTo(codes[i]);
                    assertThat(E4m3.encode(inputs[i]) & 0xFF)
                            .as("%s", inputs[i])
                            .isEqualTo(saturated[i]);
                }
            }
        }
    }
}
