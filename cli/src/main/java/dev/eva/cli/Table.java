package dev.eva.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Rows in columns as wide as their widest cell: the first to the left, the others to the right. */
final class Table {
    private static final String GAP = "  ";

    private final List<String[]> rows = new ArrayList<>();

    /** Adds a row; all rows have as many cells as the first. */
    Table row(Object... cells) {
        String[] row = new String[cells.length];
        for (int i = 0; i < cells.length; i++) {
            row[i] = cells[i].toString();
        }
        rows.add(row);
        return this;
    }

    /** Prints all rows, each after {@code indent}. */
    void print(PrintWriter out, String indent) {
        int[] width = new int[rows.getFirst().length];
        for (String[] row : rows) {
            for (int i = 0; i < width.length; i++) {
                width[i] = Math.max(width[i], row[i].length());
            }
        }
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder(indent);
            for (int i = 0; i < width.length; i++) {
                String pad = " ".repeat(width[i] - row[i].length());
                line.append(i == 0 ? row[i] + pad : GAP + pad + row[i]);
            }
            out.println(line.toString().stripTrailing());
        }
    }

    /** {@code 1,234,567}. */
    static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }

    /** {@code 671.0 B}, {@code 1.9 M}, {@code 940}. */
    static String magnitude(long n) {
        String[] units = {"", " K", " M", " B", " T"};
        double value = n;
        int unit = 0;
        while (value >= 1000 && unit < units.length - 1) {
            value /= 1000;
            unit++;
        }
        return unit == 0 ? Long.toString(n) : String.format(Locale.ROOT, "%.1f%s", value, units[unit]);
    }

    /** {@code 7.5 MiB}. */
    static String bytes(double n) {
        String[] units = {" bytes", " KiB", " MiB", " GiB", " TiB"};
        int unit = 0;
        while (n >= 1024 && unit < units.length - 1) {
            n /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f%s" : "%.1f%s", n, units[unit]);
    }

    /** {@code 87.5 %}: what is saved where {@code small} stands for {@code large}. */
    static String saved(double small, double large) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * (1 - small / large));
    }

    /** {@code 8.0x}. */
    static String ratio(double large, double small) {
        return String.format(Locale.ROOT, "%.1fx", large / small);
    }
}
