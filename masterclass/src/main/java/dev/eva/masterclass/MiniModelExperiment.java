package dev.eva.masterclass;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.ParameterCount;
import dev.eva.model.Presets;
import dev.eva.moe.ExpertUsage;
import dev.eva.moe.Routing;
import dev.eva.nn.Parameter;
import dev.eva.nn.optim.AdamW;
import dev.eva.nn.optim.Optimizer;
import dev.eva.nn.optim.WeightDecay;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.CrossEntropy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** The founding document's mini model: what it consists of, a forward pass, and five steps of Adam. */
final class MiniModelExperiment {
    /** Sequences, and tokens in each, of the forward pass. */
    static final int BATCH = 2;

    static final int LENGTH = 64;
    /** Steps of the founding document's training. */
    static final int STEPS = 5;

    private static final AdamW.Moments KERAS = new AdamW.Moments(0.9, 0.999, 1e-7);
    private static final WeightDecay NO_DECAY = WeightDecay.matrices(0);
    private static final float RATE = 1e-4f;

    private MiniModelExperiment() {}

    /**
     * A forward pass.
     *
     * @param counted tokens that the experts of each layer got
     * @param afterReset the same once the counts were reset
     * @param countedAgain the same after a second pass
     */
    record Pass(LogitRange logits, long[][] counted, long[][] afterReset, long[][] countedAgain) {
        /** Whether a reset forgets everything and a second pass counts as the first. */
        boolean resets() {
            return Arrays.deepEquals(counted, countedAgain)
                    && Arrays.stream(afterReset).flatMapToLong(Arrays::stream).allMatch(c -> c == 0);
        }
    }

    /** What the model is made of. */
    record Shape(DeepSeekConfig config, ParameterCount count) {
        static Shape mini() {
            return new Shape(Presets.mini(), ParameterCount.of(Presets.mini()));
        }

        /** Percent of a standard cache {@code 2 N H = 2 D} that a latent of R values saves: the founding document. */
        double latentSaved() {
            return 100 * (1 - config.mla().kvLoraRank() / (2.0 * config.hiddenSize()));
        }

        /** Percent that the real row saves, the rotated key included. */
        double rowSaved() {
            return 100 * count.cacheReduction();
        }

        /** {@code E / K}: experts that exist for each that a token visits. */
        double speedUp() {
            return (double) config.moe().nRoutedExperts() / config.moe().numExpertsPerTok();
        }
    }

    /**
     * A kind of parameters.
     *
     * @param id part of the figures' names
     * @param label as people read it
     * @param values how many
     */
    record Part(String id, String label, long values) {}

    /** Where the parameters are; routing biases, which are not trained, are in none of them. */
    static List<Part> parts() {
        Map<String, Long> sizes = new LinkedHashMap<>();
        for (String id : List.of("embedding", "attention", "experts", "head", "rest")) {
            sizes.put(id, 0L);
        }
        for (Parameter p :
                DeepSeekModel.random(Presets.mini(), new SplittableRandom(0)).parameters()) {
            if (p.role() != Parameter.Role.BUFFER) {
                sizes.merge(part(p), (long) p.value().size(), Long::sum);
            }
        }
        return sizes.entrySet().stream()
                .map(e -> new Part(e.getKey(), e.getKey().equals("rest") ? "norms, routers" : e.getKey(), e.getValue()))
                .toList();
    }

    private static String part(Parameter p) {
        return switch (p.role()) {
            case EMBEDDING -> "embedding";
            case HEAD -> "head";
            case NORM, BUFFER -> "rest";
            case MATRIX -> p.name().contains(".attn.") ? "attention" : p.name().endsWith("gate") ? "rest" : "experts";
        };
    }

    /** Random tokens through a fresh model. */
    static Pass forward(RandomGenerator random) {
        // snippet: forward
        DeepSeekModel model = DeepSeekModel.random(Presets.mini(), random);
        IntTensor ids = randomIds(random, BATCH, LENGTH); // (B, T)
        DeepSeekModel.Output out = model.forward(ids); // logits (B T, V)
        LogitRange range = LogitRange.of(out.logits());
        // end
        List<ExpertUsage> usage = new ArrayList<>();
        for (Routing routing : out.routings()) {
            usage.add(new ExpertUsage(routing.experts()));
        }
        count(usage, out);
        long[][] counted = counts(usage);
        usage.forEach(ExpertUsage::reset);
        long[][] afterReset = counts(usage);
        count(usage, model.forward(ids));
        return new Pass(range, counted, afterReset, counts(usage));
    }

    private static void count(List<ExpertUsage> usage, DeepSeekModel.Output out) {
        for (int l = 0; l < usage.size(); l++) {
            usage.get(l).add(out.routings().get(l));
        }
    }

    private static long[][] counts(List<ExpertUsage> usage) {
        return usage.stream().map(ExpertUsage::counts).toArray(long[][]::new);
    }

    /**
     * Five steps on one batch of random tokens, each asked for the next.
     *
     * @return the loss before each step, in nats a token
     */
    static double[] fiveSteps(RandomGenerator random) {
        double[] losses = new double[STEPS];
        // snippet: steps
        DeepSeekModel model = DeepSeekModel.random(Presets.mini(), random);
        Optimizer adam = new AdamW(model.parameters(), KERAS, NO_DECAY);
        IntTensor ids = randomIds(random, BATCH, LENGTH);
        IntTensor next = randomIds(random, BATCH * LENGTH);
        Workspace memory = new Workspace();
        for (int step = 0; step < STEPS; step++) {
            model.parameters().forEach(p -> p.value().zeroGrad());
            try (Workspace.Scope scope = memory.open();
                    Tape tape = Tape.open()) {
                Tensor logits = model.forward(ids).logits();
                Tensor loss = CrossEntropy.crossEntropy(logits, next);
                losses[step] = loss.item();
                tape.backward(loss);
            }
            adam.step(RATE);
        }
        // end
        return losses;
    }

    private static IntTensor randomIds(RandomGenerator random, int... dims) {
        int size = Arrays.stream(dims).reduce(1, Math::multiplyExact);
        return IntTensor.of(random.ints(size, 0, Presets.mini().vocabSize()).toArray(), dims);
    }
}
