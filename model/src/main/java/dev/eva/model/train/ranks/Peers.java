package dev.eva.model.train.ranks;

import dev.eva.nn.Parameter;
import java.util.List;

/**
 * The processes that share a training step, as one of them, rank {@code r} of {@code N}, sees them. All make the same
 * calls in the same order, and a call returns when every rank has made it.
 *
 * <p>The micro-batches {@code 0 .. A-1} of a step are dealt out in rounds: micro-batch {@code m} is rank
 * {@code m mod N}'s. So rounds in their order, and in a round ranks by rising number, are the micro-batches in theirs,
 * and what is added in that order is the same to the last bit whatever N is.
 */
public interface Peers {
    /** The number of this process, from 0. */
    int rank();

    /** How many there are, N. */
    int size();

    /**
     * The values of all ranks, by rank.
     *
     * @throws RankException if one of them has ended
     */
    double[][] gather(double... mine);

    /**
     * Adds the gradients of a round to the step's sum: {@code s = ((s + g_0) + g_1) + ... + g_(N-1)}, element by
     * element in float32. With the last round the sum becomes the gradient of the parameters, on every rank.
     *
     * @param parameters the same on all ranks, each with the gradient of this rank's micro-batch
     * @param first whether the sum begins with this round
     * @param last whether it ends with it
     * @throws RankException if one of them has ended
     */
    void add(List<Parameter> parameters, boolean first, boolean last);
}
