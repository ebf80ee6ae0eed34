package dev.eva.nn.optim;

import dev.eva.nn.Parameter;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/**
 * Momentum, orthogonalised, for hidden matrices (arXiv:2502.16982); {@link AdamW} at the same rate for embedding, head
 * and gains. For every logical matrix (an expert's gate projection is one) with gradient g:
 *
 * <pre>{@code
 * p *= 1 - lr w
 * M  = mu M + g,  U = g + mu M
 * X  = U / (|U|_F + 1e-7), transposed if rows > columns
 * five times: S = X X^T, X = 3.4445 X + (-4.7750 S + 2.0315 S S) X
 * p -= lr 0.2 sqrt(max(rows, columns)) X
 * }</pre>
 */
public final class Muon implements Optimizer {
    /** Update RMS of AdamW that the factor aims at (arXiv:2502.16982, section 2.2). */
    private static final double UPDATE_RMS = 0.2;
    /** Elements from which the products of a single matrix keep all threads busy. */
    private static final int LARGE = 1 << 20;

    /** One logical matrix: {@code rows * cols} elements from {@code at} on, of a weight and of its momentum. */
    private record Matrix(Tensor weight, Tensor momentum, int at, int rows, int cols, float decay) {
        int size() {
            return rows * cols;
        }

        /** Multiply-adds of its products, up to a constant. */
        double work() {
            double n = Math.min(rows, cols);
            return n * n * (2.0 * Math.max(rows, cols) + n);
        }
    }

    private final float mu;
    private final AdamW rest;
    private final List<Tensor> weights = new ArrayList<>();
    private final List<StateTensor> momenta = new ArrayList<>();
    private final List<Matrix> large;
    private final List<Matrix> small;
    private final ThreadLocal<NewtonSchulz> scratch = ThreadLocal.withInitial(NewtonSchulz::new);

    /**
     * @param parameters those to change; buffers among them are skipped
     * @param momentum mu, in [0, 1)
     * @param moments of AdamW for the parameters that are no hidden matrices, carried in float32
     */
    public Muon(List<Parameter> parameters, double momentum, AdamW.Moments moments, WeightDecay decay) {
        this(parameters, momentum, moments, decay, MomentFormat.FP32);
    }

    /**
     * @param parameters those to change; buffers among them are skipped
     * @param momentum mu, in [0, 1)
     * @param moments of AdamW for the parameters that are no hidden matrices
     * @param format of those moments; the momentum is float32
     */
    public Muon(
            List<Parameter> parameters,
            double momentum,
            AdamW.Moments moments,
            WeightDecay decay,
            MomentFormat format) {
        if (!(momentum >= 0 && momentum < 1)) {
            throw new IllegalArgumentException("muon: momentum " + momentum + "; need 0 or more and less than 1");
        }
        List<Parameter> others = new ArrayList<>();
        List<Matrix> matrices = new ArrayList<>();
        for (Parameter p : parameters) {
            if (p.role() == Parameter.Role.MATRIX) {
                add(p, decay.of(p), matrices);
            } else {
                others.add(p);
            }
        }
        // The largest first: a long task that starts last would keep the other threads waiting.
        matrices.sort(Comparator.comparingDouble(Matrix::work).reversed());
        this.large = matrices.stream().filter(m -> m.size() >= LARGE).toList();
        this.small = matrices.stream().filter(m -> m.size() < LARGE).toList();
        this.mu = (float) momentum;
        this.rest = new AdamW(others, moments, decay, format);
    }

    private void add(Parameter p, float decay, List<Matrix> matrices) {
        Tensor m = Tensor.zeros(p.value().shape());
        weights.add(p.value());
        momenta.add(new StateTensor(p.name() + ".momentum", m));
        int rows = p.matrixRows();
        int cols = p.matrixCols();
        for (int i = 0; i < p.matrices(); i++) {
            matrices.add(new Matrix(p.value(), m, i * rows * cols, rows, cols, decay));
        }
    }

    @Override
    public void step(float lr, float gradFactor) {
        weights.forEach(Tensor::gradOrZeros);
        // A matrix a task, from the gradient to the weight: it stays in the cache of one core, and threads meet once a
        // step. A large one has the threads to itself. Products have the same bits either way.
        large.forEach(m -> step(m, lr, gradFactor));
        Parallel.run(small.size(), i -> step(small.get(i), lr, gradFactor));
        weights.forEach(Tensor::markWritten);
        rest.step(lr, gradFactor);
    }

    /** {@code p = (1 - lr decay) p - factor X}. */
    private void step(Matrix matrix, float lr, float gradFactor) {
        NewtonSchulz newtonSchulz = scratch.get();
        int n = matrix.size();
        float[] x = newtonSchulz.input(n);
        direction(matrix, gradFactor, x);
        newtonSchulz.orthogonalise(matrix.rows, matrix.cols);
        float[] p = matrix.weight.array();
        int at = matrix.weight.offset() + matrix.at;
        float keep = 1f - lr * matrix.decay;
        float factor = (float) (lr * UPDATE_RMS * Math.sqrt(Math.max(matrix.rows, matrix.cols)));
        for (int i = 0; i < n; i++) {
            p[at + i] = Math.fma(keep, p[at + i], -(factor * x[i]));
        }
    }

    /** {@code M = mu M + g}, {@code U = g + mu M}. */
    private void direction(Matrix matrix, float gradFactor, float[] u) {
        Tensor grad = matrix.weight.grad();
        float[] g = grad.array();
        float[] m = matrix.momentum.array();
        int n = matrix.size();
        int gAt = grad.offset() + matrix.at;
        int mAt = matrix.momentum.offset() + matrix.at;
        for (int i = 0; i < n; i++) {
            float scaled = gradFactor * g[gAt + i];
            float moment = Math.fma(mu, m[mAt + i], scaled);
            m[mAt + i] = moment;
            u[i] = Math.fma(mu, moment, scaled);
        }
    }

    @Override
    public long steps() {
        return rest.steps();
    }

    @Override
    public List<StateTensor> state() {
        List<StateTensor> all = new ArrayList<>(momenta);
        all.addAll(rest.state());
        return List.copyOf(all);
    }

    @Override
    public void restore(long steps, Function<String, Tensor> saved) {
        StateTensor.check(state(), saved);
        StateTensor.restore(momenta, saved);
        rest.restore(steps, saved);
    }
}
