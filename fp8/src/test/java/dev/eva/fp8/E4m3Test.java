package dev.eva.fp8;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class E4m3Test {
    @Test
    void decodesAllCodesByTheFormula() {
        for (int code = 0; code < 256; code++) {
            double expected = value(code);
            float decoded = E4m3.decode((byte) code);
            if (Double.isNaN(expected)) {
                assertThat(decoded).as("code %d", code).isNaN();
            } else {
                assertThat((double) decoded).as("code %d", code).isEqualTo(expected);
            }
        }
        assertThat(E4m3.decode((byte) 0x7E)).isEqualTo(448f);
        assertThat(E4m3.decode((byte) 0x08)).isEqualTo(0x1p-6f);
        assertThat(E4m3.decode((byte) 0x01)).isEqualTo(0x1p-9f);
        assertThat(Float.floatToRawIntBits(E4m3.decode((byte) 0x80))).isEqualTo(Float.floatToRawIntBits(-0f));
    }

    @Test
    void encodesEveryFiniteValueToItsOwnCode() {
        for (int code = 0; code < 256; code++) {
            if ((code & 0x7F) != 0x7F) {
                assertThat(E4m3.encode(E4m3.decode((byte) code))).isEqualTo((byte) code);
                assertThat(E4m3.encodeOrNan(E4m3.decode((byte) code))).isEqualTo((byte) code);
            }
        }
    }

    @Test
    void roundsToNearestEvenAroundEveryMidpoint() {
        for (int code = 0; code < 0x7E; code++) {
            float middle = (E4m3.decode((byte) code) + E4m3.decode((byte) (code + 1))) / 2;
            for (float x : new float[] {Math.nextDown(middle), middle, Math.nextUp(middle)}) {
                assertThat(E4m3.encode(x)).as("%s", x).isEqualTo((byte) nearest(x));
                assertThat(E4m3.encode(-x)).as("%s", -x).isEqualTo((byte) (nearest(x) | 0x80));
            }
        }
    }

    @Test
    void agreesWithASearchOverAllCodes() {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            float x = (float) (random.nextGaussian() * Math.scalb(1.0, random.nextInt(24) - 14));
            assertThat(E4m3.encode(x)).as("%s", x).isEqualTo((byte) (nearest(Math.abs(x)) | (x < 0 ? 0x80 : 0)));
        }
    }

    @Test
    void overflowSaturatesOrBecomesNan() {
        assertThat(E4m3.encode(464f)).isEqualTo((byte) 0x7E);
        assertThat(E4m3.encodeOrNan(464f))
                .as("a tie goes to the even code, 448")
                .isEqualTo((byte) 0x7E);
        for (float x : new float[] {Math.nextUp(464f), 480f, 1e30f, Float.POSITIVE_INFINITY}) {
            assertThat(E4m3.encode(x)).isEqualTo((byte) 0x7E);
            assertThat(E4m3.encode(-x)).isEqualTo((byte) 0xFE);
            assertThat(E4m3.encodeOrNan(x)).isEqualTo((byte) 0x7F);
            assertThat(E4m3.encodeOrNan(-x)).isEqualTo((byte) 0xFF);
        }
        assertThat(E4m3.encode(Float.NaN) & 0x7F).isEqualTo(0x7F);
        assertThat(E4m3.encode(Float.MIN_VALUE)).isEqualTo((byte) 0);
        assertThat(E4m3.encode(-0f)).isEqualTo((byte) 0x80);
    }

    private static double value(int code) {
        int e = (code >> 3) & 15;
        int m = code & 7;
        double abs = e == 0 ? m * 0x1p-9 : e == 15 && m == 7 ? Double.NaN : Math.pow(2, e - 7) * (1 + m * 0.125);
        return (code & 0x80) == 0 ? abs : -abs;
    }

    /** The code of the nearest finite value of a number that is not negative, ties to the even code. */
    private static int nearest(double x) {
        int best = 0;
        for (int code = 1; code <= 0x7E; code++) {
            double d = Math.abs(x - value(code));
            double least = Math.abs(x - value(best));
            if (d < least || d == least && code % 2 == 0) {
                best = code;
            }
        }
        return best;
    }
}
