package dev.eva.model.checkpoint;

import java.util.Collection;
import java.util.Optional;

/** The known name that a mistyped one most likely meant. */
public final class Nearest {
    /** Letters of a name at most: comparing two takes the product of their lengths. */
    private static final int LONGEST = 200;

    private Nearest() {}

    /** {@code "; did you mean X?"}, or nothing where no name is near. */
    public static String hint(String name, Collection<String> known) {
        return to(name, known).map(n -> "; did you mean " + n + "?").orElse("");
    }

    /** The name with the fewest edits, if those are at most half of the letters. */
    public static Optional<String> to(String name, Collection<String> known) {
        if (name.length() > LONGEST) {
            return Optional.empty();
        }
        String best = null;
        int least = Math.max(2, name.length() / 2) + 1;
        for (String k : known) {
            if (k.length() <= LONGEST && Math.abs(k.length() - name.length()) < least) {
                int d = distance(name, k);
                if (d < least) {
                    least = d;
                    best = k;
                }
            }
        }
        return Optional.ofNullable(best);
    }

    /** Levenshtein distance: insertions, deletions and replacements of one letter. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replace = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replace, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
