package dev.eva.report;

import java.awt.Graphics2D;

/** Something that can be drawn in either theme, at any resolution. */
public interface Chart {
    /** Width in units of a screen pixel at 100 %. */
    int width();

    /** Height in the same units. */
    int height();

    /** Draws into the rectangle from (0, 0) to (width, height). */
    void paint(Graphics2D g, Theme theme);
}
