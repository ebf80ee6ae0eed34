package dev.eva.measure.model;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.nn.Parameter;
import dev.eva.nn.optim.AdamW;
import dev.eva.nn.optim.GradClip;
import dev.eva.nn.optim.WeightDecay;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.CrossEntropy;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The training step that speed is compared by: forward, cross-entropy, backward, clipping to norm 1 and AdamW (betas
 * 0.9 and 0.95, decay 0.1 on matrices) in F32 on random tokens, the configuration of the PyTorch peer.
 */
public final class TrainingStep {
    private static final int BATCHES = 4;
    private static final float RATE = 3e-4f;

    private final DeepSeekModel model;
    private final List<Parameter> parameters;
    private final AdamW optimizer;
    private final Workspace workspace = new Workspace();
    private final IntTensor[] inputs;
    private final IntTensor[] targets;
    private int steps;

    public TrainingStep(DeepSeekConfig config, int batch, int length) {
        SplittableRandom random = new SplittableRandom(1);
        this.model = DeepSeekModel.random(config, random);
        this.parameters = model.parameters().stream()
                .filter(p -> p.role() != Parameter.Role.BUFFER)
                .toList();
        this.optimizer = new AdamW(parameters, AdamW.Moments.DEEPSEEK, WeightDecay.matrices(0.1f));
        this.inputs = batches(random, config.vocabSize(), batch, length);
        this.targets = batches(random, config.vocabSize(), batch * length);
    }

    private static IntTensor[] batches(SplittableRandom random, int vocab, int... dims) {
        int size = Arrays.stream(dims).reduce(1, Math::multiplyExact);
        return IntStream.range(0, BATCHES)
                .mapToObj(b -> IntTensor.of(random.ints(size, 0, vocab).toArray(), dims))
                .toArray(IntTensor[]::new);
    }

    /** One step on the next batch; returns the loss before it. */
    public float next() {
        int batch = steps++ % BATCHES;
        for (Parameter p : parameters) {
            p.value().zeroGrad();
        }
        float value;
        try (Workspace.Scope scope = workspace.open();
                Tape tape = Tape.open(Tape.Keeping.LEAST)) {
            var loss = CrossEntropy.crossEntropy(model.forward(inputs[batch]).logits(), targets[batch]);
            value = loss.item();
            tape.backward(loss);
        }
        optimizer.step(RATE, GradClip.factor(GradClip.norm(parameters), 1f));
        return value;
    }
}
