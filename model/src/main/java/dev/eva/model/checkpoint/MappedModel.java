package dev.eva.model.checkpoint;

import dev.eva.model.DeepSeekModel;

/**
 * A model that reads its matrices where they lie in the files of a checkpoint: for generating and evaluating, not for
 * training. It may be many times larger than the heap, and ends when it is closed.
 *
 * @param model the model
 * @param files the mapped files
 */
public record MappedModel(DeepSeekModel model, CheckpointFiles files) implements AutoCloseable {
    @Override
    public void close() {
        files.close();
    }
}
