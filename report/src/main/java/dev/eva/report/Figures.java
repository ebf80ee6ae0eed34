package dev.eva.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The measured and computed numbers of one run, by name: {@code cache.gpt2.standard} = 12.0 MB. Pages and tables print
 * numbers from here alone, so whatever a reader sees is in the JSON file, too.
 */
public final class Figures {
    /** Significant digits where nobody asked for a number of decimals. */
    private static final int DIGITS = 4;
    /** From here on digits behind the point say nothing. */
    private static final double LARGE = 1e15;

    /**
     * One number.
     *
     * @param value what was measured
     * @param unit as printed, empty for a plain number
     */
    public record Figure(double value, String unit) {
        /** The number as people read it: whole numbers as they are, others with four significant digits at most. */
        public String number() {
            if (value == Math.rint(value) && Math.abs(value) < LARGE) {
                return number(0);
            }
            int magnitude = (int) Math.floor(Math.log10(Math.abs(value)));
            return magnitude < -DIGITS
                    ? String.format(Locale.ROOT, "%.2e", value).replaceAll("e-0?", "e-")
                    : withoutZeros(number(Math.max(0, DIGITS - 1 - magnitude)));
        }

        private static String withoutZeros(String number) {
            return number.contains(".") ? number.replaceAll("\\.?0+$", "") : number;
        }

        /** The number with so many decimals. */
        public String number(int decimals) {
            String text = String.format(Locale.ROOT, "%,." + decimals + "f", value);
            return text.matches("-[0.,]+") ? text.substring(1) : text;
        }

        /** A number with the unit behind it: {@code 12.0 MB}, {@code 8.0x}. */
        String withUnit(String number) {
            return unit.isEmpty() || unit.equals("x") ? number + unit : number + " " + unit;
        }
    }

    private final Map<String, Figure> all = new LinkedHashMap<>();

    /**
     * Adds a number under a name of lower-case words with dots between; returns {@code value}.
     *
     * @throws IllegalArgumentException if the name is taken, or the number is none
     */
    public double put(String name, double value, String unit) {
        if (!name.matches("[a-z0-9]+([._-][a-z0-9]+)*")) {
            throw new IllegalArgumentException(
                    "figure: name '" + name + "'; need lower-case letters and digits with . _ - between");
        }
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException("figure: " + name + " is " + value + "; need a finite number");
        }
        if (all.putIfAbsent(name, new Figure(value, unit)) != null) {
            throw new IllegalArgumentException("figure: " + name + " is there already");
        }
        return value;
    }

    /** Adds a plain number. */
    public double put(String name, double value) {
        return put(name, value, "");
    }

    /** The figure of that name. @throws IllegalArgumentException if there is none */
    public Figure get(String name) {
        Figure figure = all.get(name);
        if (figure == null) {
            throw new IllegalArgumentException("figure: no figure is called " + name);
        }
        return figure;
    }

    /** All of them, in the order in which they came. */
    public Map<String, Figure> all() {
        return Collections.unmodifiableMap(all);
    }
}
