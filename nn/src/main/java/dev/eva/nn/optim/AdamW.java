package dev.eva.nn.optim;

import dev.eva.nn.Parameter;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.AdamWKernel;
import dev.eva.tensor.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Adam with decoupled weight decay (arXiv:1711.05101). In step t with gradient g:
 *
 * <pre>{@code
 * p *= 1 - lr w
 * m  = beta1 m + (1 - beta1) g
 * v  = beta2 v + (1 - beta2) g^2
 * p -= lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps)
 * }</pre>
 *
 * <p>m and v are carried in float32 or in bfloat16 ({@link MomentFormat}).
 */
public final class AdamW implements Optimizer {
    /**
     * Constants of the two moments.
     *
     * @param beta1 decay rate of the mean, in [0, 1)
     * @param beta2 decay rate of the mean square, in [0, 1)
     * @param eps added to the root of the mean square
     */
    public record Moments(double beta1, double beta2, double eps) {
        /** As DeepSeek-V3 was trained (arXiv:2412.19437, section 4.2; eps is the usual one). */
        public static final Moments DEEPSEEK = new Moments(0.9, 0.95, 1e-8);

        public Moments {
            if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1)) {
                throw new IllegalArgumentException(
                        "adamW: betas " + beta1 + ", " + beta2 + "; need 0 or more and less than 1");
            }
            if (!(eps > 0)) {
                throw new IllegalArgumentException("adamW: eps " + eps + "; need more than 0");
            }
        }
    }

    private static final AdamWKernel KERNEL = Kernels.find(AdamWKernel.class, AdamWKernel.REFERENCE);
    /** Elements of a task: four arrays of it fit in a second-level cache. */
    private static final int BLOCK = 32 * 1024;

    private record Slot(Tensor value, Moment m, Moment v, boolean decays) {}

    private record Block(Slot slot, int from, int length) {}

    private final Moments moments;
    private final float rate;
    private final List<Slot> slots = new ArrayList<>();
    private final List<Block> blocks = new ArrayList<>();
    private final MomentFormat format;
    private final List<Moment> carried = new ArrayList<>();
    private long steps;

    /** With moments in float32. */
    public AdamW(List<Parameter> parameters, Moments moments, WeightDecay decay) {
        this(parameters, moments, decay, MomentFormat.FP32);
    }

    /** @param parameters those to change; buffers among them are skipped */
    public AdamW(List<Parameter> parameters, Moments moments, WeightDecay decay, MomentFormat format) {
        this.moments = moments;
        this.format = format;
        this.rate = decay.rate();
        for (Parameter p : parameters) {
            if (p.role() != Parameter.Role.BUFFER) {
                add(p, decay.which().test(p));
            }
        }
    }

    private void add(Parameter p, boolean decays) {
        Moment m = new Moment(p.name() + ".m", format, p.value().shape());
        Moment v = new Moment(p.name() + ".v", format, p.value().shape());
        Slot slot = new Slot(p.value(), m, v, decays);
        slots.add(slot);
        carried.add(m);
        carried.add(v);
        for (int from = 0; from < p.value().size(); from += BLOCK) {
            blocks.add(new Block(slot, from, Math.min(BLOCK, p.value().size() - from)));
        }
    }

    @Override
    public void step(float lr, float gradFactor) {
        steps++;
        for (Slot s : slots) {
            s.value.gradOrZeros();
        }
        AdamWKernel.Step still = numbers(lr, 0f, gradFactor);
        AdamWKernel.Step decaying = numbers(lr, rate, gradFactor);
        Parallel.run(blocks.size(), i -> {
            Block b = blocks.get(i);
            step(b, b.slot.decays ? decaying : still);
        });
        for (Slot s : slots) {
            s.value.markWritten();
        }
    }

    private AdamWKernel.Step numbers(float lr, float decay, float gradFactor) {
        return AdamWKernel.Step.at(steps, lr, decay, moments.beta1, moments.beta2, moments.eps)
                .withGradFactor(gradFactor);
    }

    private void step(Block b, AdamWKernel.Step numbers) {
        Tensor p = b.slot.value;
        Tensor g = p.grad();
        Moment m = b.slot.m;
        Moment v = b.slot.v;
        int gAt = g.offset() + b.from;
        int pAt = p.offset() + b.from;
        switch (format) {
            case FP32 ->
                KERNEL.step(b.length, numbers, g.array(), gAt, p.array(), pAt, m.floats(), b.from, v.floats(), b.from);
            case BF16 ->
                KERNEL.stepBf16(
                        b.length, numbers, g.array(), gAt, p.array(), pAt, m.codes(), b.from, v.codes(), b.from);
        }
    }

    @Override
    public long steps() {
        return steps;
    }

    @Override
    public List<StateTensor> state() {
        return carried.stream().map(Moment::state).toList();
    }

    @Override
    public void restore(long steps, Function<String, Tensor> saved) {
        if (steps < 0) {
            throw new IllegalArgumentException("optimizer: " + steps + " saved steps; need 0 or more");
        }
        StateTensor.check(state(), saved);
        carried.forEach(m -> m.restore(saved.apply(m.name())));
        this.steps = steps;
    }
}
