package dev.eva.masterclass;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Parts of this module's own sources, which are in the jar beside the classes compiled from them: the code on the page
 * is the code that ran.
 */
final class Snippets {
    private static final String BEGIN = "// snippet: ";
    private static final String END = "// end";

    private Snippets() {}

    /**
     * The lines between {@code // snippet: NAME} and the next {@code // end}, moved to the left.
     *
     * @throws IllegalArgumentException if there are none
     */
    static String of(Class<?> owner, String name) {
        List<String> found = new ArrayList<>();
        boolean inside = false;
        for (String line : source(owner).lines().toList()) {
            if (line.strip().equals(BEGIN + name)) {
                inside = true;
            } else if (inside && line.strip().equals(END)) {
                return moveLeft(found);
            } else if (inside) {
                found.add(line);
            }
        }
        throw new IllegalArgumentException(
                "snippet: " + owner.getSimpleName() + ".java has no complete '" + BEGIN + name + "' ... '" + END + "'");
    }

    private static String moveLeft(List<String> lines) {
        int margin = lines.stream()
                .filter(l -> !l.isBlank())
                .mapToInt(l -> l.length() - l.stripLeading().length())
                .min()
                .orElseThrow(() -> new IllegalArgumentException("snippet: it is empty"));
        return String.join(
                "\n",
                lines.stream().map(l -> l.isBlank() ? "" : l.substring(margin)).toList());
    }

    private static String source(Class<?> owner) {
        String file = owner.getSimpleName() + ".java";
        try (InputStream in = owner.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalArgumentException("snippet: no source " + file + " beside " + owner.getName());
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
