package dev.eva.model.train;

import java.util.Arrays;

/** The {@linkplain MicroBatch#report reports} of a step's micro-batches, added in their order. */
final class StepTotals {
    private final long[][] counts;
    private double loss;
    private double mtpLoss;
    private long keptBytes;

    StepTotals(int layers, int experts) {
        this.counts = new long[layers][experts];
    }

    void clear() {
        for (long[] layer : counts) {
            Arrays.fill(layer, 0);
        }
        loss = 0;
        mtpLoss = 0;
        keptBytes = 0;
    }

    /** Adds one of {@code n}; false if its loss is not finite, and the step's therefore neither. */
    boolean add(double[] report, int n) {
        loss += report[0] / n;
        if (!Double.isFinite(report[0])) {
            loss = Double.NaN;
            return false;
        }
        mtpLoss += report[1];
        keptBytes = Math.max(keptBytes, (long) report[2]);
        int at = MicroBatch.HEAD;
        for (long[] layer : counts) {
            for (int e = 0; e < layer.length; e++) {
                layer[e] += (long) report[at++];
            }
        }
        return true;
    }

    double loss() {
        return loss;
    }

    double mtpLoss() {
        return mtpLoss;
    }

    long keptBytes() {
        return keptBytes;
    }

    /** Tokens of each expert of each layer. */
    long[][] counts() {
        return counts;
    }
}
