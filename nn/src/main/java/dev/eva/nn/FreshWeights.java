package dev.eva.nn;

import dev.eva.nn.init.Init;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.OperandRounding;
import dev.eva.tensor.kernel.PreparedWeight;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * Trainable weights: matrices {@code N(0, std^2)}, the embedding {@code N(0, embedding^2)}, gains one, buffers zero.
 * The order in which they are asked for decides which values each one gets; the names do not.
 *
 * @param std of matrices
 * @param embedding standard deviation of the token embedding
 * @param random the draws, or null for zeros
 * @param rounding what the products of the weight of that name round first, or null
 */
public record FreshWeights(
        float std, float embedding, RandomGenerator random, Function<String, OperandRounding> rounding)
        implements WeightSource {
    /** Weights of one standard deviation, the embedding's too, whose products are in float32. */
    public FreshWeights(float std, RandomGenerator random) {
        this(std, std, random, name -> null);
    }

    /** Zeros in place of draws, for weights that are to be overwritten. */
    public static FreshWeights zeros(Function<String, OperandRounding> rounding) {
        return new FreshWeights(0f, 0f, null, rounding);
    }

    private Tensor draw(float std, int... dims) {
        return random == null ? Tensor.zeros(dims).requiresGrad(true) : Init.normal(std, random, dims);
    }

    @Override
    public Projection linear(String name, int out, int in) {
        return new Linear(matrix(name, out, in), rounding.apply(name));
    }

    @Override
    public Projection stacked(String name, int matrices, int out, int in) {
        return Linear.stacked(matrix(name, out, in), matrices, rounding.apply(name));
    }

    @Override
    public Projection head(String name, int vocabulary, int in) {
        return Linear.head(matrix(name, vocabulary, in));
    }

    @Override
    public PreparedWeight grouped(String name, int groups, int matrices, int out, int in) {
        return new PreparedWeight(draw(std, groups, out, in), rounding.apply(name), groups * matrices);
    }

    @Override
    public Lookup embedding(String name, int vocabulary, int dim) {
        return new Embedding(draw(embedding, vocabulary, dim));
    }

    @Override
    public Tensor matrix(String name, int rows, int cols) {
        return draw(std, rows, cols);
    }

    @Override
    public Tensor gains(String name, int dim) {
        return Init.ones(dim);
    }

    @Override
    public Tensor buffer(String name, int n) {
        return Tensor.zeros(n);
    }
}
