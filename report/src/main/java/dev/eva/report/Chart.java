package dev.eva.report;

import java.awt.Graphics2D;

/**
 * Something that can be drawn in either theme, at any resolution, and in another width than its own: letters keep their
 * size, so that they can be read on a phone.
 */
public interface Chart {
    /** Width in units of a screen pixel at 100 %. */
    int width();

    /** Height in the same units. */
    int height();

    /** Height that suits another width. */
    default int height(int forWidth) {
        // A narrow one is less wide for its height: titles, ticks and names stay as high as they are.
        return Math.round(height() * (1 + forWidth / (float) width()) / 2);
    }

    /** Draws into the rectangle from (0, 0) to (width, height). */
    void paint(Graphics2D g, Theme theme, int width, int height);
}
