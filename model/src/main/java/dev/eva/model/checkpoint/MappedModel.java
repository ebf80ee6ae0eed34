package dev.eva.model.checkpoint;

import dev.eva.model.DeepSeekModel;
import dev.eva.nn.Projection;

/**
 * A model that reads its matrices where they lie in the files of a checkpoint: for generating and evaluating, not for
 * training. It may be many times larger than the heap, and ends when it is closed.
 */
public final class MappedModel implements AutoCloseable {
    private final DeepSeekModel model;
    private final CheckpointFiles files;
    private final StoredWeights weights;

    MappedModel(DeepSeekModel model, CheckpointFiles files, StoredWeights weights) {
        this.model = model;
        this.files = files;
        this.weights = weights;
    }

    /** The model. */
    public DeepSeekModel model() {
        return model;
    }

    /** The mapped files. */
    public CheckpointFiles files() {
        return files;
    }

    /**
     * The product with one of its matrices.
     *
     * @param stored its name in the files
     * @throws CheckpointException if there is no such tensor
     */
    public Projection linear(String stored) {
        return weights.linear(stored);
    }

    @Override
    public void close() {
        files.close();
    }
}
