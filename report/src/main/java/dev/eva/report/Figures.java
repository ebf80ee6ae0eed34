package dev.eva.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The measured and computed numbers of one run, by name: {@code cache.gpt2.standard} = 12.0 MB. Pages and tables print
 * numbers from here alone, so whatever a reader sees is in the JSON file, too.
 */
public final class Figures {
    /**
     * One number.
     *
     * @param value what was measured
     * @param unit as printed, empty for a plain number
     */
    public record Figure(double value, String unit) {}

    private final Map<String, Figure> all = new LinkedHashMap<>();

    /** Adds a number under a name of lower-case words with dots between; returns {@code value}. */
    public double put(String name, double value, String unit) {
        if (!name.matches("[a-z0-9]+([._-][a-z0-9]+)*")) {
            throw new IllegalArgumentException(
                    "figure: name '" + name + "'; need lower-case letters and digits with . _ - between");
        }
        if (all.putIfAbsent(name, new Figure(value, unit)) != null) {
            throw new IllegalArgumentException("figure: " + name + " is there already");
        }
        return value;
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
