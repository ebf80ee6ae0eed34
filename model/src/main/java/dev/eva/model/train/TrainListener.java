package dev.eva.model.train;

import dev.eva.nn.Parameter;
import java.nio.file.Path;
import java.util.List;

/** Looks on while a run goes. Called on the training thread, between steps; the run waits. */
public interface TrainListener {
    /** Hears nothing. */
    TrainListener NONE = new TrainListener() {};

    /** The run begins, or goes on after {@code state}. */
    default void started(RunFolder folder, TrainerState state) {}

    /** The gradient of a step is there; neither clipped nor used yet. */
    default void gradients(long step, List<Parameter> parameters) {}

    /** A step is done. Its metrics have the validation loss if it was evaluated. */
    default void step(StepMetrics metrics, TrainerState state) {}

    /** The validation text was evaluated. */
    default void evaluated(long step, double loss, boolean best) {}

    /** A step's loss or gradient is not finite; weights and optimizer are as before. */
    default void skipped(long step, double loss, double gradNorm, int inARow) {}

    /** A run by minutes knows how many steps fit. */
    default void decided(long totalSteps) {}

    /** A checkpoint is on the disk. */
    default void checkpoint(long step, Path path) {}

    /** Something that does not stop the run, but that the user should know; one line. */
    default void notice(String line) {}

    /** The run has ended. */
    default void finished(End end, TrainerState state) {}

    /** Why a run ended. */
    enum End {
        /** All steps are done. */
        DONE,
        /** Somebody asked it to stop; it can go on. */
        STOPPED
    }
}
