package dev.eva.model.train.ranks;

import dev.eva.nn.Parameter;
import java.util.List;

/** A rank whose gradients go through {@link SharedGradients}; how ranks wait for each other is the subclass's. */
abstract class SharedStep implements Peers {
    private final int rank;
    private final int size;
    private final SharedGradients gradients;

    SharedStep(int rank, int size, SharedGradients gradients) {
        this.rank = rank;
        this.size = size;
        this.gradients = gradients;
    }

    @Override
    public final int rank() {
        return rank;
    }

    @Override
    public final int size() {
        return size;
    }

    /**
     * Between two waits a value is either written by one rank or read by many: gradients are put before the first,
     * read and added to the sum between the two, and the sum is read behind the second. A rank puts its next gradients,
     * or adds to the next sum, behind a wait that all others reach only when they have read.
     */
    @Override
    public final void add(List<Parameter> parameters, boolean first, boolean last) {
        gradients.put(parameters);
        gather();
        gradients.reduce(first);
        gather();
        if (last) {
            gradients.take(parameters);
        }
    }

    final SharedGradients gradients() {
        return gradients;
    }
}
