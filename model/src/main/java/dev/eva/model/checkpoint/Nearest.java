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

    /** Edits between two names: a letter more, less or another, or two neighbours in the other order. */
    private static int distance(String a, String b) {
        int[] before = new int[b.length() + 1];
        int[] above = new int[b.length() + 1];
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] reused = before;
            before = above;
            above = row;
            row = reused;
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(above[j], row[j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    row[j] = Math.min(row[j], 1 + before[j - 2]);
                }
            }
        }
        return row[b.length()];
    }
}
