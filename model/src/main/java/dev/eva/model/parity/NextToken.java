package dev.eva.model.parity;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.ops.CrossEntropy;

/** The loss of the reference data: the mean over B * (T - 1) tokens, each predicted from those before it. */
final class NextToken {
    private NextToken() {}

    /** Cross-entropy of logits (B * T, V) with the tokens that follow; the last position of a sequence has none. */
    static Tensor loss(Tensor logits, IntTensor ids) {
        int length = ids.dim(1);
        int[] targets = new int[ids.size()];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = i % length == length - 1 ? -1 : ids.get(i + 1);
        }
        return CrossEntropy.crossEntropy(logits, IntTensor.of(targets, targets.length));
    }
}
