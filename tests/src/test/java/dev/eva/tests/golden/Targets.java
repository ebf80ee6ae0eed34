package dev.eva.tests.golden;

import dev.eva.tensor.IntTensor;

/** What a language model is to predict. */
final class Targets {
    private Targets() {}

    /** The next token of each (B, T); -1, which the loss leaves out, after the last. */
    static IntTensor next(IntTensor ids) {
        int length = ids.dim(1);
        int[] targets = new int[ids.size()];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = i % length == length - 1 ? -1 : ids.get(i + 1);
        }
        return IntTensor.of(targets, targets.length);
    }
}
