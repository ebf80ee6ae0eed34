package dev.eva.model.train;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.text.TokenRange;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.ops.CrossEntropy;
import java.util.Arrays;

/**
 * The loss over a whole text: {@code -1/(n-1) sum_i ln p(id_i | ids of its window before i)}, in nats a token.
 *
 * <p>The text is cut in windows of {@code length} tokens that do not overlap, each predicting the token after it too;
 * the last window is
 * as short as it is and counts by its tokens. So every token but the first is predicted exactly once.
 */
public final class Evaluation {
    /** A target that the loss leaves out. */
    private static final int IGNORED = -1;

    private final TokenRange text;
    private final int batchSize;
    private final int length;
    private final int[] ids;
    private final int[] targets;

    /**
     * @param text at least two tokens
     * @param batchSize windows that go through the model at once; decides memory, not the result but for rounding
     * @param length tokens in a window
     */
    public Evaluation(TokenRange text, int batchSize, int length) {
        if (text.size() < 2) {
            throw new TrainException(
                    "data: " + text.size() + " tokens to validate on; need at least 2; give more text");
        }
        this.text = text;
        this.batchSize = batchSize;
        this.length = length;
        this.ids = new int[batchSize * length];
        this.targets = new int[batchSize * length];
    }

    /** Number of predicted tokens, {@code n - 1}. */
    public long tokens() {
        return text.size() - 1;
    }

    /** Mean loss of the model in nats a token; memory comes from {@code workspace}, which must not be open. */
    public double loss(DeepSeekModel model, Workspace workspace) {
        double sum = 0;
        for (long from = 0; from < tokens(); from += ids.length) {
            int n = fill(from);
            try (Workspace.Scope step = workspace.open()) {
                var logits = model.forward(IntTensor.of(ids, batchSize, length)).logits();
                sum += (double) n
                        * CrossEntropy.crossEntropy(logits, IntTensor.of(targets, targets.length))
                                .item();
            }
        }
        return sum / tokens();
    }

    /**
     * Always fills a whole batch, so that all of them have the same shapes; what lies behind the text is not counted.
     */
    private int fill(long from) {
        int n = (int) Math.min(ids.length, tokens() - from);
        text.read(from, n, ids, 0);
        text.read(from + 1, n, targets, 0);
        Arrays.fill(ids, n, ids.length, 0);
        Arrays.fill(targets, n, targets.length, IGNORED);
        return n;
    }
}
