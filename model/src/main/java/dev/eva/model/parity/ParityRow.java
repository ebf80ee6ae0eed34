package dev.eva.model.parity;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How one quantity compares with its reference.
 *
 * @param quantity name of the reference, {@code router.1.weights}
 * @param verdict what came of it
 * @param difference largest absolute difference; NaN where nothing was compared, infinite where one side is not a
 *     number
 * @param relative largest difference divided by what the tolerance refers to: the largest reference value, or each
 *     value itself where the tolerance is "of each"
 * @param tolerance what is allowed, in words; empty where nothing was compared
 * @param note where and by how much it failed, or why it was skipped; empty for what passed
 */
public record ParityRow(
        String quantity, Verdict verdict, double difference, double relative, String tolerance, String note) {
    /** What came of a comparison. */
    public enum Verdict {
        /** Within the tolerance. */
        PASS,
        /** Not within the tolerance, or of another size. */
        FAIL,
        /** Not compared. */
        SKIP
    }

    private static final Pattern BY_NAME =
            Pattern.compile("(grad|balance_grad|final|final_rowsum|final_colsum|w8a8\\.in|w8a8\\.out)\\..+");
    private static final Pattern NUMBER = Pattern.compile("(^|\\.)\\d+(?=\\.|$)");

    static ParityRow skip(String quantity, String why) {
        return new ParityRow(quantity, Verdict.SKIP, Double.NaN, Double.NaN, "", why);
    }

    ParityRow named(String other) {
        return new ParityRow(other, verdict, difference, relative, tolerance, note);
    }

    /** The name with parameter names and numbers left open: {@code grad.*}, {@code router.*.weights}. */
    String family() {
        Matcher byName = BY_NAME.matcher(quantity);
        return byName.matches()
                ? byName.group(1) + ".*"
                : NUMBER.matcher(quantity).replaceAll("$1*");
    }
}
