package dev.eva.fp8;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class Ue8m0Test {
    @Test
    void decodesPowersOfTwo() {
        for (int code = 0; code < 255; code++) {
            assertThat((double) Ue8m0.decode((byte) code)).isEqualTo(Math.pow(2, code - 127));
        }
        assertThat(Ue8m0.decode((byte) 255)).isNaN();
    }

    @Test
    void roundsToTheNearestOrUp() {
        for (int code = 1; code < 254; code++) {
            float x = Ue8m0.decode((byte) code);
            assertThat(Ue8m0.encodeNearest(x) & 0xFF).isEqualTo(code);
            assertThat(Ue8m0.encodeNearest(Math.nextDown(1.5f * x)) & 0xFF).isEqualTo(code);
            assertThat(Ue8m0.encodeNearest(1.5f * x) & 0xFF).isEqualTo(code + 1);
            assertThat(Ue8m0.encodeCeil(x) & 0xFF).isEqualTo(code);
            assertThat(Ue8m0.encodeCeil(Math.nextUp(x)) & 0xFF).isEqualTo(code + 1);
            assertThat(Ue8m0.ceil(Math.nextUp(x))).isEqualTo(2 * x);
        }
    }

    @Test
    void staysInRange() {
        assertThat(Ue8m0.encodeCeil(0f) & 0xFF).isEqualTo(1);
        assertThat(Ue8m0.encodeCeil(Float.MAX_VALUE) & 0xFF).isEqualTo(254);
        assertThat(Ue8m0.encodeNearest(Float.MAX_VALUE) & 0xFF).isEqualTo(254);
        for (float x : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1f, -0f}) {
            assertThat(Ue8m0.encodeCeil(x) & 0xFF).as("%s", x).isEqualTo(255);
            assertThat(Ue8m0.encodeNearest(x) & 0xFF).as("%s", x).isEqualTo(255);
        }
    }
}
