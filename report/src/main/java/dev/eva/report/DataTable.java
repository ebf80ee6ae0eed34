package dev.eva.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A table of results. Every cell is markup as in prose, so a number in it is a figure.
 *
 * @param caption what the table shows, and what to look for
 * @param header a name a column, with the unit
 * @param rows cells, the first of each row its name
 */
public record DataTable(String caption, List<String> header, List<List<String>> rows) {
    public DataTable {
        header = List.copyOf(header);
        rows = rows.stream().map(List::copyOf).toList();
        for (List<String> row : rows) {
            if (row.size() != header.size()) {
                throw new IllegalArgumentException(
                        "table: a row of " + row.size() + " cells, " + row + "; the header has " + header.size());
            }
        }
    }

    /** A table without rows. */
    public static DataTable of(String caption, String... header) {
        return new DataTable(caption, List.of(header), List.of());
    }

    /** The table with one more row. */
    public DataTable row(String... cells) {
        List<List<String>> more = new ArrayList<>(rows);
        more.add(List.of(cells));
        return new DataTable(caption, header, more);
    }
}
