package dev.eva.fp8;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class E5m2Test {
    @Test
    void decodesAllCodesByTheFormula() {
        for (int code = 0; code < 256; code++) {
            assertThat(Double.compare(E5m2.decode((byte) code), value(code)))
                    .as("code %d", code)
                    .isZero();
        }
        assertThat(E5m2.decode((byte) 0x7B)).isEqualTo(57344f);
        assertThat(E5m2.decode((byte) 0x04)).isEqualTo(0x1p-14f);
        assertThat(E5m2.decode((byte) 0x01)).isEqualTo(0x1p-16f);
    }

    @Test
    void roundsToNearestEvenAroundEveryMidpoint() {
        for (int code = 0; code < 0x7B; code++) {
            float middle = (E5m2.decode((byte) code) + E5m2.decode((byte) (code + 1))) / 2;
            for (float x : new float[] {Math.nextDown(middle), middle, Math.nextUp(middle)}) {
                assertThat(E5m2.encode(x)).as("%s", x).isEqualTo((byte) nearest(x));
                assertThat(E5m2.encodeOrInfinity(-x)).as("%s", -x).isEqualTo((byte) (nearest(x) | 0x80));
            }
        }
    }

    @Test
    void agreesWithASearchOverAllCodes() {
        Random random = new Random(11);
        for (int i = 0; i < 20_000; i++) {
            float x = (float) (random.nextGaussian() * Math.scalb(1.0, random.nextInt(32) - 18));
            assertThat(E5m2.encode(x)).as("%s", x).isEqualTo((byte) (nearest(Math.abs(x)) | (x < 0 ? 0x80 : 0)));
        }
    }

    @Test
    void overflowSaturatesOrBecomesInfinite() {
        assertThat(E5m2.encodeOrInfinity(Math.nextDown(61440f))).isEqualTo((byte) 0x7B);
        for (float x : new float[] {61440f, 65536f, 1e30f, Float.POSITIVE_INFINITY}) {
            assertThat(E5m2.encode(x)).isEqualTo((byte) 0x7B);
            assertThat(E5m2.encode(-x)).isEqualTo((byte) 0xFB);
            assertThat(E5m2.encodeOrInfinity(x)).isEqualTo((byte) 0x7C);
            assertThat(E5m2.encodeOrInfinity(-x)).isEqualTo((byte) 0xFC);
        }
        assertThat(E5m2.decode(E5m2.encode(Float.NaN))).isNaN();
        assertThat(E5m2.decode(E5m2.encodeOrInfinity(Float.NaN))).isNaN();
    }

    private static double value(int code) {
        int e = (code >> 2) & 31;
        int m = code & 3;
        double special = m == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
        double abs = e == 0 ? m * 0x1p-16 : e == 31 ? special : Math.pow(2, e - 15) * (1 + m * 0.25);
        return (code & 0x80) == 0 ? abs : -abs;
    }

    private static int nearest(double x) {
        int best = 0;
        for (int code = 1; code <= 0x7B; code++) {
            double d = Math.abs(x - value(code));
            double least = Math.abs(x - value(best));
            if (d < least || d == least && code % 2 == 0) {
                best = code;
            }
        }
        return best;
    }
}
