package dev.eva.model.train;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.model.checkpoint.SafetensorsWriter;
import dev.eva.model.text.TokenFile;
import dev.eva.model.train.ranks.Alone;
import dev.eva.model.train.ranks.Peers;
import dev.eva.model.train.ranks.RankException;
import dev.eva.moe.ExpertUsage;
import dev.eva.moe.MoE;
import dev.eva.moe.RoutingBias;
import dev.eva.nn.Parameter;
import dev.eva.nn.optim.GradClip;
import dev.eva.nn.optim.Optimizer;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The training step of a model on a text, without files: {@code loss = crossEntropy + sum over MoE layers of the
 * balance loss + weight * the mean loss of the multi-token prediction layers}, its gradient as the mean over the
 * micro-batches, whose gradients are added one after the other, clipped; the optimizer; then the routing biases, from
 * the counts of the whole step.
 *
 * <p>A step whose loss or gradient is not finite changes nothing but the counters. The same seed gives the same bits,
 * whatever the number of threads and of {@linkplain Peers processes that share the micro-batches}.
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
    private final MicroBatch micro;
    private final StepTotals totals;
    private Peers peers = new Alone();
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
        this.batches = new Batches(text.training(), b.length(), config.seed());
        this.evaluation =
                config.validation() == 0 ? null : new Evaluation(text.validation(), b.batchSize(), b.length());
        this.parameters = model.parameters().stream()
                .filter(p -> p.role() != Parameter.Role.BUFFER)
                .toList();
        this.optimizer = config.optimizer().create(parameters);
        this.micro = new MicroBatch(model, config, workspace);
        this.totals =
                new StepTotals(model.moeLayers().size(), model.config().moe().nRoutedExperts());
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

    /** Shares every step from now on with others, which are as far as this one. */
    void share(Peers others) {
        peers = others;
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
        List<RoundingMetrics> rounded = List.of();
        if (step % FP8_EVERY == 1) {
            rounded = fp8.during(this::gradients, peers);
        } else {
            gradients();
        }
        listener.gradients(step, parameters);
        double norm = agreedNorm();
        boolean finite = Double.isFinite(norm);
        float lr = rate(state.step());
        if (finite) {
            optimizer.step(lr, GradClip.factor(norm, (float) config.clip()));
            updateBiases();
        }
        long tokens = config.batching().tokens(state.tokens());
        double seconds = (System.nanoTime() - start) * 1e-9;
        state = state.afterStep(tokens, !finite);
        List<Double> maxVio =
                Arrays.stream(totals.counts()).map(ExpertUsage::maxVio).toList();
        return new StepMetrics(
                step,
                state.seconds() + seconds,
                state.tokens(),
                totals.loss(),
                model.predictionLayers().isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(totals.mtpLoss()),
                OptionalDouble.empty(),
                lr,
                norm,
                tokens / seconds,
                maxVio.stream().mapToDouble(v -> v).average().orElse(0),
                maxVio,
                !finite,
                totals.keptBytes(),
                rounded);
    }

    /** The learning rate of the step after {@code done} steps. */
    private float rate(long done) {
        long total = state.totalSteps();
        return config.schedule()
                .schedule(config.optimizer().lr(), total == 0 ? OptionalLong.empty() : OptionalLong.of(total))
                .at(done);
    }

    /** Fills the gradients of all parameters and the totals. */
    private void gradients() {
        TrainConfig.Batching b = config.batching();
        int n = b.accumulation();
        int sequences = b.sequences(state.tokens());
        long place = state.tokens() / b.length();
        totals.clear();
        for (int m = peers.rank(); m < n; m += peers.size()) {
            parameters.forEach(p -> p.value().zeroGrad());
            micro.backward(batches, place + (long) m * sequences, sequences, 1f / n, state);
            for (double[] report : peers.gather(micro.report())) {
                if (!totals.add(report, n)) {
                    return;
                }
            }
            peers.add(parameters, m < peers.size(), m + peers.size() >= n);
        }
    }

    /** The gradient's norm, of which all ranks must have the same: their weights would differ from here on. */
    private double agreedNorm() {
        double norm = Double.isFinite(totals.loss()) ? GradClip.norm(parameters) : Double.NaN;
        double[][] all = peers.gather(norm);
        for (int r = 0; r < all.length; r++) {
            if (Double.doubleToLongBits(all[r][0]) != Double.doubleToLongBits(norm)) {
                throw new RankException("step " + (state.step() + 1) + ": the gradient's norm is " + norm + " on rank "
                        + peers.rank() + " and " + all[r][0] + " on rank " + r + "; all must compute alike");
            }
        }
        return norm;
    }

    private void updateBiases() {
        float gamma = (float) config.balance().gamma();
        List<MoE> layers = model.moeLayers();
        for (int l = 0; l < layers.size(); l++) {
            Tensor bias = layers.get(l).router().bias();
            if (gamma > 0 && bias != null) {
                RoutingBias.update(bias, totals.counts()[l], gamma);
            }
        }
    }

    /** Loss over the validation text, in nats a token; empty if nothing is held out. */
    public OptionalDouble evaluate() {
        return evaluation == null ? OptionalDouble.empty() : OptionalDouble.of(evaluation.loss(model, workspace));
    }

    /** About how many grown steps take as long as an evaluation: a forward pass is a third of a step's work. */
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
