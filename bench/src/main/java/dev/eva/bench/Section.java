package dev.eva.bench;

import java.util.List;

/**
 * A part of docs/performance.md that is measured in one run of two minutes at most.
 *
 * @param id of {@code --only}, and of the file that keeps it
 * @param title of the page's table
 * @param peer what stands in the second column
 * @param command that measures it again
 * @param date of the measurement
 * @param text above the table
 * @param lines of the table
 */
record Section(String id, String title, String peer, String command, String date, String text, List<Line> lines) {}
