package dev.eva.nn;

import dev.eva.nn.init.Init;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * {@code y_i = W[ids_i]}: a row of the table a token.
 *
 * <p>Visited with prefix {@code p}, its parameter is named {@code p}.
 */
public final class Embedding implements Lookup {
    private final Tensor weight;
    /** The last one: who decodes brings the same ids, with another value. */
    private dev.eva.tensor.ops.Embedding op;

    /** A layer over {@code weight} (V, D), which is not copied and becomes a parameter. */
    public Embedding(Tensor weight) {
        if (weight.shape().rank() != 2) {
            throw new IllegalArgumentException(
                    "embedding: weight has shape " + weight.shape() + "; need (vocabulary, dim)");
        }
        this.weight = weight.requiresGrad(true);
    }

    /** Fresh rows {@code N(0, std^2)} of shape (vocabSize, dim). */
    public Embedding(int vocabSize, int dim, float std, RandomGenerator random) {
        this(Init.normal(std, random, vocabSize, dim));
    }

    @Override
    public Tensor forward(IntTensor ids) {
        if (op == null || op.ids() != ids) {
            op = new dev.eva.tensor.ops.Embedding(ids);
        }
        return op.of(weight);
    }

    /** The table (V, D). */
    public Tensor weight() {
        return weight;
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        visitor.accept(Parameter.matrix(prefix, weight, Parameter.Role.EMBEDDING));
    }
}
