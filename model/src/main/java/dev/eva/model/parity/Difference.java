package dev.eva.model.parity;

/**
 * What lies between a tensor and its reference.
 *
 * @param largest largest absolute difference; infinite where one of two values is not a number
 * @param relative largest difference divided by its scale
 * @param mean mean absolute difference
 * @param worst the element that exceeds its tolerance most, or stays within it least
 * @param within whether all of it is within the tolerance
 */
record Difference(double largest, double relative, double mean, int worst, boolean within) {
    /**
     * Compares two tensors of the same size.
     *
     * @param columns values of a row
     * @param slack allowed for each element in addition, or null
     */
    static Difference of(double[] actual, double[] reference, Tolerance tolerance, int columns, double[] slack) {
        double[] scales = tolerance.scales(reference, columns);
        double largest = 0;
        double relative = 0;
        double sum = 0;
        double mostExcess = Double.NEGATIVE_INFINITY;
        int worst = 0;
        for (int i = 0; i < reference.length; i++) {
            double d = distance(actual[i], reference[i], tolerance.equals(Tolerance.EXACT));
            double allowed = tolerance.absolute() + tolerance.relative() * scales[i] + (slack == null ? 0 : slack[i]);
            if (d - allowed > mostExcess) {
                mostExcess = d - allowed;
                worst = i;
            }
            largest = Math.max(largest, d);
            relative = Math.max(relative, d == 0 ? 0 : d / scales[i]);
            sum += d;
        }
        double mean = reference.length == 0 ? 0 : sum / reference.length;
        return new Difference(largest, relative, mean, worst, mostExcess <= 0 && mean <= tolerance.mean());
    }

    /** Equal values, infinities and NaN have none; where bits must be equal, zeros of both signs have one. */
    private static double distance(double a, double b, boolean exact) {
        if (Double.compare(a, b) == 0) {
            return 0;
        }
        double d = Math.abs(a - b);
        return Double.isNaN(d) || exact && d == 0 ? Double.POSITIVE_INFINITY : d;
    }
}
