package dev.eva.tensor.autograd;

import dev.eva.tensor.Tensor;

/**
 * A differentiable function of tensors: one file, one record. Its components are the attributes (sizes, epsilon, ids);
 * its
 * static factory, named as in torch.nn.functional, is the public API and calls {@link Tape#apply}.
 *
 * <pre>{@code
 * public record Silu() implements Op {
 *     public static Tensor silu(Tensor x) { return Tape.apply(new Silu(), x); }
 *     ...
 * }
 * }</pre>
 *
 * <p>Add its case to the module's {@code OpCases}; a test fails for an op that has none.
 */
public interface Op {
    /**
     * Computes the output. Shapes are checked here, with a message that names both; memory comes from {@link
     * Ctx#empty}; what
     * the backward pass needs besides the inputs is kept with {@link Ctx#save}.
     *
     * @param in the inputs, in the order of the factory's tensor arguments
     */
    Tensor forward(Ctx ctx, Tensor... in);

    /**
     * Computes the gradients of the inputs from that of the output: {@code dIn[i] = (d out / d in[i])^T dOut}. An entry
     * may be
     * null where {@code ctx.needsGrad(i)} is false, or where the gradient was added to {@link Ctx#leafGrad} already. An
     * entry may
     * be {@code dOut} itself or a view of it; the op must not write into {@code dOut}.
     */
    Tensor[] backward(Ctx ctx, Tensor dOut);

    /** Whether {@link #remake} can make the output again, to the same bits, from what forward kept in {@code ctx}. */
    default boolean remakes(Ctx ctx) {
        return false;
    }

    /**
     * The output once more, for the backward pass of an op that reads it, where the tape is a {@linkplain
     * Tape.Keeping#LEAST frugal} one.
     */
    default Tensor remake(Ctx ctx) {
        throw new IllegalStateException(getClass().getSimpleName() + ": the output cannot be made again");
    }
}
