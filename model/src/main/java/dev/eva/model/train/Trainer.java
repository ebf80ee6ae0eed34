package dev.eva.model.train;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.MultiToken;
import dev.eva.model.Probe;
import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.model.checkpoint.SafetensorsWriter;
import dev.eva.model.text.TokenFile;
import dev.eva.moe.BalanceLoss;
import dev.eva.moe.ExpertUsage;
import dev.eva.moe.MoE;
import dev.eva.moe.Routing;
import dev.eva.moe.RoutingBias;
import dev.eva.nn.Parameter;
import dev.eva.nn.optim.GradClip;
import dev.eva.nn.optim.Optimizer;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.Add;
import dev.eva.tensor.ops.CrossEntropy;
import dev.eva.tensor.ops.Scale;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The training step of a model on a text, without files: {@code loss = crossEntropy + sum over MoE layers of the
 * balance loss + weight * the mean loss of the multi-token prediction layers}, its gradient as the mean over the
 * micro-batches, clipped; the optimizer; then the routing biases, from the counts of the
 * whole step.
 *
 * <p>A step whose loss or gradient is not finite changes nothing but the counters. The same seed gives the same bits,
 * whatever the number
 * of threads.
 */
public final class Trainer {
    private static final String STATE = "trainer.json";
    private static final String TENSORS = "trainer.safetensors";
    /** Counting what is rounded to FP8 costs about a tenth of a step: every so many steps, and the first. */
    static final int FP8_EVERY = 50;

    private final DeepSeekModel model;
    private final TrainConfig config;
    private final Batches batches;
    private final Evaluation evaluation;
    private final List<Parameter> parameters;
    private final Optimizer optimizer;
    private final Fp8Watch fp8;
    private final Workspace workspace = new Workspace();
    private final long[][] counts;
    private final int[] ids;
    private final int[] targets;
    private double mtpLoss;
    private long keptBytes;
    private TrainerState state;

    /**
     * A trainer before its first step.
     *
     * @param model the model, which is changed
     * @throws TrainException if the text is shorter than a block, or a block longer than the model's context
     */
    public Trainer(DeepSeekModel model, TrainConfig config, TokenFile.Split text) {
        this(model, config, text, new Fp8Watch(Precision.FP32));
    }

    /** @param fp8 what has made the roundings of the model's weights */
    Trainer(DeepSeekModel model, TrainConfig config, TokenFile.Split text, Fp8Watch fp8) {
        TrainConfig.Batching b = config.batching();
        if (b.length() > model.config().maxPositionEmbeddings()) {
            throw new TrainException("length: " + b.length() + "; the model's max_position_embeddings is "
                    + model.config().maxPositionEmbeddings());
        }
        int depths = model.predictionLayers().size();
        if (depths > 0 && b.length() <= depths) {
            throw new TrainException(
                    "length: " + b.length() + "; need more than the " + depths + " multi-token prediction layers");
        }
        this.model = model;
        this.config = config;
        this.fp8 = fp8;
        this.batches = new Batches(text.training(), b.batchSize(), b.length(), config.seed());
        this.evaluation =
                config.validation() == 0 ? null : new Evaluation(text.validation(), b.batchSize(), b.length());
        this.parameters = model.parameters().stream()
                .filter(p -> p.role() != Parameter.Role.BUFFER)
                .toList();
        this.optimizer = config.optimizer().create(parameters);
        this.counts = new long[model.moeLayers().size()][model.config().moe().nRoutedExperts()];
        this.ids = new int[b.batchSize() * b.length()];
        this.targets = new int[ids.length];
        this.state = TrainerState.fresh(config.budget());
    }

    public DeepSeekModel model() {
        return model;
    }

    /** Number of trainable values. */
    public long parameterCount() {
        return parameters.stream().mapToLong(p -> p.value().size()).sum();
    }

    public TrainConfig config() {
        return config;
    }

    public TrainerState state() {
        return state;
    }

    void state(TrainerState next) {
        state = next;
    }

    /** One step. */
    public StepMetrics step() {
        return step(TrainListener.NONE);
    }

    StepMetrics step(TrainListener listener) {
        long start = System.nanoTime();
        long step = state.step() + 1;
        Gradients gradients = step % FP8_EVERY == 1 ? watched() : new Gradients(gradients(), List.of());
        double loss = gradients.loss;
        listener.gradients(step, parameters);
        double norm = Double.isFinite(loss) ? GradClip.norm(parameters) : Double.NaN;
        boolean finite = Double.isFinite(norm);
        float lr = rate(state.step());
        if (finite) {
            optimizer.step(lr, GradClip.factor(norm, (float) config.clip()));
            updateBiases();
        }
        long tokens = config.batching().tokens();
        double seconds = (System.nanoTime() - start) * 1e-9;
        state = state.afterStep(tokens, !finite);
        List<Double> maxVio = Arrays.stream(counts).map(ExpertUsage::maxVio).toList();
        return new StepMetrics(
                step,
                state.seconds() + seconds,
                state.tokens(),
                loss,
                model.predictionLayers().isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(mtpLoss),
                OptionalDouble.empty(),
                lr,
                norm,
                tokens / seconds,
                maxVio.stream().mapToDouble(v -> v).average().orElse(0),
                maxVio,
                !finite,
                keptBytes,
                gradients.fp8);
    }

    private record Gradients(double loss, List<RoundingMetrics> fp8) {}

    private Gradients watched() {
        double[] loss = new double[1];
        List<RoundingMetrics> seen = fp8.during(() -> loss[0] = gradients());
        return new Gradients(loss[0], seen);
    }

    /** The learning rate of the step after {@code done} steps. */
    private float rate(long done) {
        long total = state.totalSteps();
        return config.schedule()
                .schedule(config.optimizer().lr(), total == 0 ? OptionalLong.empty() : OptionalLong.of(total))
                .at(done);
    }

    /** Fills the gradients of all parameters and the experts' counts; returns the mean cross-entropy. */
    private double gradients() {
        parameters.forEach(p -> p.value().zeroGrad());
        for (long[] layer : counts) {
            Arrays.fill(layer, 0);
        }
        int n = config.batching().accumulation();
        double loss = 0;
        keptBytes = 0;
        mtpLoss = 0;
        for (int m = 0; m < n; m++) {
            batches.fill(state.step() * n + m, ids, targets);
            double one = microBatch(1f / n);
            loss += one / n;
            if (!Double.isFinite(one)) {
                return Double.NaN;
            }
        }
        return loss;
    }

    private double microBatch(float scale) {
        TrainConfig.Batching b = config.batching();
        try (Workspace.Scope scope = workspace.open();
                Tape tape = Tape.open(config.precision().keeping())) {
            DeepSeekModel.Output out = model.forward(IntTensor.of(ids, b.batchSize(), b.length()));
            Tensor loss = CrossEntropy.crossEntropy(out.logits(), IntTensor.of(targets, targets.length));
            double value = loss.item();
            if (!Double.isFinite(value)) {
                return value;
            }
            for (int l = 0; l < out.routings().size(); l++) {
                loss = balanced(loss, l, out.routings().get(l), b.length());
            }
            Tensor whole = predictions(loss, out, scale);
            keptBytes = Math.max(keptBytes, workspace.lentBytes());
            tape.backward(whole, scale);
            return value;
        }
    }

    /** Counts where the tokens went, and adds the balance loss of the layer. */
    private Tensor balanced(Tensor loss, int layer, Routing routing, int length) {
        for (int e = 0; e < counts[layer].length; e++) {
            counts[layer][e] += routing.counts()[e];
        }
        float alpha = (float) config.balance().alpha();
        return alpha > 0
                ? Add.add(
                        loss, BalanceLoss.balanceLoss(routing, config.batching().batchSize(), length, alpha))
                : loss;
    }

    /** Adds the weighted loss of the multi-token prediction layers, and their balance losses. */
    private Tensor predictions(Tensor loss, DeepSeekModel.Output main, float share) {
        int depths = model.predictionLayers().size();
        if (depths == 0) {
            return loss;
        }
        IntTensor tokens = known();
        List<MultiToken.Depth> ahead = MultiToken.forward(model, main, tokens, Probe.NONE);
        Tensor prediction = MultiToken.loss(ahead, tokens);
        mtpLoss += prediction.item() * share;
        float weight = (float) config.mtp().at(state.step(), state.totalSteps());
        Tensor sum = Add.add(loss, Scale.scale(prediction, weight));
        int layer = main.routings().size();
        for (MultiToken.Depth depth : ahead) {
            // A depth of a model without experts has no routing.
            if (depth.routing() != null) {
                sum = balanced(sum, layer++, depth.routing(), depth.length());
            }
        }
        return sum;
    }

    /** The tokens of the batch (B, T + 1): what the model reads and the one after it. */
    private IntTensor known() {
        TrainConfig.Batching b = config.batching();
        int w = b.length() + 1;
        int[] all = new int[b.batchSize() * w];
        for (int s = 0; s < b.batchSize(); s++) {
            System.arraycopy(ids, s * b.length(), all, s * w, b.length());
            all[s * w + b.length()] = targets[(s + 1) * b.length() - 1];
        }
        return IntTensor.of(all, b.batchSize(), w);
    }

    private void updateBiases() {
        float gamma = (float) config.balance().gamma();
        List<MoE> layers = model.moeLayers();
        for (int l = 0; l < layers.size(); l++) {
            Tensor bias = layers.get(l).router().bias();
            if (gamma > 0 && bias != null) {
                RoutingBias.update(bias, counts[l], gamma);
            }
        }
    }

    /** Loss over the validation text, in nats a token; empty if nothing is held out. */
    public OptionalDouble evaluate() {
        return evaluation == null ? OptionalDouble.empty() : OptionalDouble.of(evaluation.loss(model, workspace));
    }

    /** About how many steps take as long as an evaluation: a forward pass is a third of a step's work. */
    double evaluationSteps() {
        return evaluation == null
                ? 0
                : evaluation.tokens() / (3.0 * config.batching().tokens());
    }

    /** Writes the optimizer and the state into a folder; the model has files of its own. */
    void save(Path folder) {
        SafetensorsWriter writer = new SafetensorsWriter();
        optimizer.state().forEach(s -> writer.add(s.name(), s.value()));
        writer.write(folder.resolve(TENSORS));
        Json.write(folder.resolve(STATE), state);
    }

    /** Goes on from what {@link #save} wrote. */
    void restore(Path folder) {
        state = Json.read(folder.resolve(STATE), TrainerState.class);
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(TENSORS))) {
            // Skipped steps are none of the optimizer's.
            optimizer.restore(
                    state.step() - state.skipped(),
                    name -> file.entries().containsKey(name) ? file.tensor(name) : null);
        }
    }
}
