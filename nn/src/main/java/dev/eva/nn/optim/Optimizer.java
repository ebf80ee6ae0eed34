package dev.eva.nn.optim;

import dev.eva.tensor.Tensor;
import java.util.List;
import java.util.function.Function;

/**
 * Turns gradients into new parameters. The parameters are given once; buffers among them are left alone.
 *
 * <p>A parameter whose gradient was never computed takes part with zeros: decay and momentum still act. The result does
 * not depend on the number of threads, and all that it depends on is {@link #steps()} and {@link #state()}.
 */
public interface Optimizer {
    /**
     * One step with the gradients of now times a factor; they are read, neither cleared nor scaled.
     *
     * @param lr learning rate of this step
     * @param gradFactor of every gradient, as {@link GradClip#factor} gives it
     */
    void step(float lr, float gradFactor);

    /** One step with the gradients of now. */
    default void step(float lr) {
        step(lr, 1f);
    }

    /** Steps done. */
    long steps();

    /** What is carried from step to step, in a fixed order. */
    List<StateTensor> state();

    /**
     * Continues where another one was: later steps give the very bits that they would have given there.
     *
     * @param steps its {@link #steps()}
     * @param saved its state by name, null where there is none, which is an error
     */
    void restore(long steps, Function<String, Tensor> saved);
}
