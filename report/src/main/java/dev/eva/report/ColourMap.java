package dev.eva.report;

import java.awt.Color;

/**
 * Colours for values between 0 and 1 whose lightness grows evenly, so that equal steps look equal, in grey as well:
 * dark violet over blue, teal and green to yellow. Eleven colours, straight lines between.
 */
final class ColourMap {
    private static final int[] STOPS = {
        0x3B0F57, 0x45307A, 0x3F4F8C, 0x346A8E, 0x2A828E, 0x219A8A, 0x36B07A, 0x68C463, 0x9FD445, 0xD3DF33, 0xFBE93A
    };

    private ColourMap() {}

    /** The colour of a value; what lies beyond 0 and 1 takes the colour at the end. */
    static Color of(double value) {
        double x = Math.clamp(value, 0, 1) * (STOPS.length - 1);
        int i = Math.min((int) x, STOPS.length - 2);
        double t = x - i;
        return new Color(
                mix(STOPS[i] >> 16, STOPS[i + 1] >> 16, t),
                mix(STOPS[i] >> 8, STOPS[i + 1] >> 8, t),
                mix(STOPS[i], STOPS[i + 1], t));
    }

    private static int mix(int a, int b, double t) {
        return (int) Math.round((a & 0xFF) * (1 - t) + (b & 0xFF) * t);
    }
}
