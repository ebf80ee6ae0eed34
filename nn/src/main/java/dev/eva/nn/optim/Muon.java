package dev.eva.nn.optim;

import dev.eva.nn.Parameter;
import dev.eva.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    /** Elements that are orthogonalised together at most, unless one matrix is larger. */
    private static final int BATCH = 1 << 20;

    private record Size(int rows, int cols) {}

    private record Tall(int count, int m, int n) {}

    private final AdamW rest;
    private final List<Tensor> weights = new ArrayList<>();
    private final List<StateTensor> momenta = new ArrayList<>();
    private final List<MuonBatch> batches = new ArrayList<>();

    /**
     * @param parameters those to change; buffers among them are skipped
     * @param momentum mu, in [0, 1)
     * @param moments of AdamW for the parameters that are no hidden matrices
     */
    public Muon(List<Parameter> parameters, double momentum, AdamW.Moments moments, WeightDecay decay) {
        if (!(momentum >= 0 && momentum < 1)) {
            throw new IllegalArgumentException("muon: momentum " + momentum + "; need 0 or more and less than 1");
        }
        List<Parameter> others = new ArrayList<>();
        Map<Size, List<MuonBatch.Matrix>> bySize = new LinkedHashMap<>();
        for (Parameter p : parameters) {
            if (p.role() == Parameter.Role.MATRIX) {
                add(p, decay.of(p), bySize);
            } else {
                others.add(p);
            }
        }
        this.rest = new AdamW(others, moments, decay);
        batch(bySize, (float) momentum);
    }

    private void add(Parameter p, float decay, Map<Size, List<MuonBatch.Matrix>> bySize) {
        Tensor m = Tensor.zeros(p.value().shape());
        weights.add(p.value());
        momenta.add(new StateTensor(p.name() + ".momentum", m));
        List<MuonBatch.Matrix> same =
                bySize.computeIfAbsent(new Size(p.matrixRows(), p.matrixCols()), s -> new ArrayList<>());
        for (int i = 0; i < p.matrices(); i++) {
            same.add(new MuonBatch.Matrix(p.value(), m, i * p.matrixRows() * p.matrixCols(), decay));
        }
    }

    /** Matrices of one size, of whatever layers, are worked on together. */
    private void batch(Map<Size, List<MuonBatch.Matrix>> bySize, float mu) {
        NewtonSchulz.Scratch scratch = new NewtonSchulz.Scratch();
        Map<Tall, NewtonSchulz> plans = new HashMap<>();
        bySize.forEach((size, matrices) -> {
            int most = Math.max(1, BATCH / (size.rows * size.cols));
            for (int from = 0; from < matrices.size(); from += most) {
                List<MuonBatch.Matrix> some = matrices.subList(from, Math.min(matrices.size(), from + most));
                Tall tall = new Tall(some.size(), Math.max(size.rows, size.cols), Math.min(size.rows, size.cols));
                NewtonSchulz plan = plans.computeIfAbsent(tall, t -> new NewtonSchulz(t.count, t.m, t.n, scratch));
                batches.add(new MuonBatch(some, size.rows, size.cols, mu, plan, scratch));
            }
        });
    }

    @Override
    public void step(float lr) {
        weights.forEach(Tensor::gradOrZeros);
        for (MuonBatch b : batches) {
            b.step(lr);
        }
        weights.forEach(Tensor::markWritten);
        rest.step(lr);
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
