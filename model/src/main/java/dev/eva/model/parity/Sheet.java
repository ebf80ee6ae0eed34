package dev.eva.model.parity;

import dev.eva.model.checkpoint.CheckpointException;
import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.model.parity.ParityRow.Verdict;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The comparison of one reference file: every tensor of it is an input, or gets a row. Methods that compare do nothing
 * where the file has no such tensor, so that a case says once what it can compute.
 */
final class Sheet {
    private final SafetensorsFile file;
    private final Set<String> used = new HashSet<>();
    private final List<ParityRow> rows = new ArrayList<>();

    Sheet(SafetensorsFile file) {
        this.file = file;
    }

    boolean has(String name) {
        return file.entries().containsKey(name);
    }

    /** The names that a case has not dealt with. */
    List<String> open() {
        return file.entries().keySet().stream().filter(n -> !used.contains(n)).toList();
    }

    /** Number of values of a reference. */
    int size(String name) {
        return Math.toIntExact(file.entry(name).size());
    }

    /**
     * Whole numbers that a case starts from; they get no row.
     *
     * @throws CheckpointException if there are none of that name, or they have another number of dimensions
     */
    IntTensor ints(String name, int rank) {
        used.add(name);
        if (file.entry(name).shape().length != rank) {
            throw new CheckpointException(file.path() + ": tensor " + name + " has shape "
                    + file.entry(name).shapeText() + "; need " + rank + " dimensions");
        }
        return file.ints(name);
    }

    /** Numbers that a case starts from; they get no row. */
    Tensor floats(String name) {
        used.add(name);
        return file.tensor(name);
    }

    /** A reference that is looked at, which does not make up for comparing it. */
    float[] reference(String name) {
        return file.tensor(name).array();
    }

    /** As {@link #reference}, of whole numbers. */
    int[] codes(String name) {
        return file.ints(name).array();
    }

    /** Compares floats with the reference of that name. */
    void close(String name, Supplier<float[]> actual, Tolerance tolerance) {
        if (has(name)) {
            close(name, actual.get(), tolerance, tolerance.text(), null);
        }
    }

    /**
     * Compares floats with the reference of that name.
     *
     * @param text the tolerance in words
     * @param slack allowed for each element in addition, or null
     */
    void close(String name, float[] actual, Tolerance tolerance, String text, double[] slack) {
        if (has(name)) {
            used.add(name);
            rows.add(row(name, doubles(actual), doubles(file.tensor(name).array()), tolerance, text, slack));
        }
    }

    /** Compares whole numbers, which must be equal. */
    void equal(String name, Supplier<int[]> actual) {
        if (has(name)) {
            used.add(name);
            double[] reference = doubles(file.ints(name).array());
            rows.add(row(name, doubles(actual.get()), reference, Tolerance.EXACT, Tolerance.EXACT.text(), null));
        }
    }

    /** Compares numbers with a reference that is no tensor of the file. */
    void compare(String quantity, double[] actual, double[] reference, Tolerance tolerance) {
        rows.add(row(quantity, actual, reference, tolerance, tolerance.text(), null));
    }

    /** Compares another computation of what the file has under that name, in a row of its own. */
    void compareAgain(String name, String how, double[] actual, Tolerance tolerance) {
        double[] reference = doubles(file.tensor(name).array());
        rows.add(row(name, actual, reference, tolerance, tolerance.text(), null).named(name + ", " + how));
    }

    /** Gives up on those of the names left that fit, and says why. */
    void skip(Predicate<String> which, String why) {
        for (String name : open()) {
            if (which.test(name)) {
                used.add(name);
                rows.add(ParityRow.skip(name, why));
            }
        }
    }

    /** All rows; tensors that nothing has dealt with are skipped. */
    List<ParityRow> finish() {
        skip(name -> true, "unknown quantity");
        return rows;
    }

    private ParityRow row(String name, double[] actual, double[] reference, Tolerance t, String text, double[] slack) {
        if (actual.length != reference.length) {
            String note = "has " + actual.length + " values; the reference has " + reference.length;
            return new ParityRow(name, Verdict.FAIL, Double.NaN, Double.NaN, text, note);
        }
        Difference d = Difference.of(actual, reference, t, columns(name, reference.length), slack);
        if (d.within()) {
            return new ParityRow(name, Verdict.PASS, d.largest(), d.relative(), text, "");
        }
        String mean = d.mean() > t.mean() ? ", mean difference " + d.mean() : "";
        String note = "is " + text(name, actual[d.worst()]) + " at " + place(name, d.worst()) + "; the reference is "
                + text(name, reference[d.worst()]) + mean;
        return new ParityRow(name, Verdict.FAIL, d.largest(), d.relative(), text, note);
    }

    /** Stored numbers as they were before they were widened. */
    private String text(String name, double x) {
        if (!has(name)) {
            return Double.toString(x);
        }
        return x == Math.rint(x) && Math.abs(x) < 1e9 ? Long.toString((long) x) : Float.toString((float) x);
    }

    private int columns(String name, int size) {
        long[] shape = has(name) ? file.entry(name).shape() : new long[0];
        return shape.length == 0 ? size : (int) shape[shape.length - 1];
    }

    /** {@code [1, 7, 12]}. */
    private String place(String name, int index) {
        long[] shape = has(name) ? file.entry(name).shape() : new long[0];
        if (shape.length == 0) {
            return "[" + index + "]";
        }
        long[] at = new long[shape.length];
        long rest = index;
        for (int i = shape.length - 1; i >= 0; i--) {
            at[i] = rest % shape[i];
            rest /= shape[i];
        }
        return Arrays.toString(at);
    }

    static double[] doubles(float[] x) {
        double[] y = new double[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = x[i];
        }
        return y;
    }

    private static double[] doubles(int[] x) {
        return Arrays.stream(x).asDoubleStream().toArray();
    }
}
