package dev.eva.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Bfloat16Test {
    @ParameterizedTest
    @CsvSource({
        "3F800000, 3F80", // 1
        "3F808000, 3F80", // a tie goes to the even neighbour below
        "3F808001, 3F81",
        "3F818000, 3F82", // and to the even neighbour above
        "3F817FFF, 3F81",
        "00000001, 0000", // the smallest subnormal
        "00018000, 0002",
        "80000000, 8000", // minus zero
        "7F7F7FFF, 7F7F", // the largest that stays finite
        "7F7F8000, 7F80",
        "7F800000, 7F80",
        "FF800000, FF80",
    })
    void roundsToTheNearestEven(String bits, String code) {
        short encoded = Bfloat16.encode(Float.intBitsToFloat(Integer.parseUnsignedInt(bits, 16)));
        assertThat(encoded & 0xFFFF).isEqualTo(Integer.parseInt(code, 16));
    }

    @Test
    void notANumberStaysOne() {
        for (int bits : new int[] {0x7F80_0001, 0x7FFF_FFFF, 0xFF80_0001, 0xFFFF_FFFF}) {
            assertThat(Bfloat16.decode(Bfloat16.encode(Float.intBitsToFloat(bits))))
                    .isNaN();
        }
    }

    @Test
    void everyCodeSurvives() {
        for (int code = 0; code <= 0xFFFF; code++) {
            float x = Bfloat16.decode((short) code);
            if (!Float.isNaN(x)) {
                assertThat(Bfloat16.encode(x)).isEqualTo((short) code);
            }
        }
    }
}
