package dev.eva.report;

import java.awt.Color;

/** Colours of a chart: for paper and bright pages, and for dark ones. */
public enum Theme {
    LIGHT(new Color(0xFFFFFF), new Color(0x1F2328), new Color(0x59636E), new Color(0xDADFE4), new int[] {
        0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0x9A6B00, 0x56B4E9, 0x6F4BB0, 0x5B6770
    }),
    DARK(new Color(0x15181C), new Color(0xE6E9EC), new Color(0xA0A8B1), new Color(0x333A42), new int[] {
        0x58A6FF, 0xFF9248, 0x3FC896, 0xEE9BC8, 0xE3B341, 0x9CDCFE, 0xB79BF0, 0x9AA5B1
    });

    private final Color background;
    private final Color text;
    private final Color faint;
    private final Color grid;
    private final int[] series;

    Theme(Color background, Color text, Color faint, Color grid, int[] series) {
        this.background = background;
        this.text = text;
        this.faint = faint;
        this.grid = grid;
        this.series = series;
    }

    /** Behind everything; that of the page. */
    public Color background() {
        return background;
    }

    /** Titles and labels. */
    public Color text() {
        return text;
    }

    /** Numbers at ticks. */
    public Color faint() {
        return faint;
    }

    /** Lines of the grid. */
    public Color grid() {
        return grid;
    }

    /** The colour of the i-th series; they stay apart for people who see red and green alike. */
    public Color series(int i) {
        return new Color(series[i % series.length]);
    }
}
