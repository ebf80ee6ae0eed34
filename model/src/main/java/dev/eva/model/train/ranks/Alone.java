package dev.eva.model.train.ranks;

import dev.eva.nn.Parameter;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;
import java.util.List;

/** One process: a round is a micro-batch. */
public final class Alone implements Peers {
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /** Made when a step has several micro-batches for the first time. */
    private List<Tensor> sums = List.of();

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public double[][] gather(double... mine) {
        return new double[][] {mine};
    }

    @Override
    public void add(List<Parameter> parameters, boolean first, boolean last) {
        if (first && last) {
            return;
        }
        if (sums.isEmpty()) {
            sums = parameters.stream().map(p -> Tensor.zeros(p.value().shape())).toList();
        }
        for (int i = 0; i < parameters.size(); i++) {
            Tensor g = parameters.get(i).value().gradOrZeros();
            Tensor sum = sums.get(i);
            if (first) {
                sum.set(g);
            } else if (last) {
                addTo(g, sum);
            } else {
                addTo(sum, g);
            }
        }
    }

    /** {@code to += x}; which of the two is the sum does not show in the bits. */
    private static void addTo(Tensor to, Tensor x) {
        Parallel.elements(
                to.size(),
                (from, end) ->
                        ELEMENTWISE.addTo(end - from, x.array(), x.offset() + from, to.array(), to.offset() + from));
    }
}
