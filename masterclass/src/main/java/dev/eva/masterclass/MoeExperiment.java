package dev.eva.masterclass;

import dev.eva.measure.Interleaved;
import dev.eva.measure.Timing;
import dev.eva.moe.ExpertUsage;
import dev.eva.moe.MoE;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.Routing;
import dev.eva.moe.RoutingMethod;
import dev.eva.nn.FreshWeights;
import dev.eva.nn.Parameter;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** A layer of experts with random weights: where tokens go, and what it costs. */
final class MoeExperiment {
    static final int WIDTH = 256;
    static final int HIDDEN = 1024;
    static final int EXPERTS = 8;
    static final int TOP_K = 2;
    static final int BATCHES = 11;
    static final int SEQUENCES = 4;
    static final int LENGTH = 32;

    private static final float INIT = 0.02f;

    private MoeExperiment() {}

    /**
     * What came out.
     *
     * @param parameters of the layer
     * @param activeParameters that a token meets
     * @param usage of all batches
     * @param scoreByBatch balance score after each batch, of all tokens so far
     */
    record Result(long parameters, long activeParameters, ExpertUsage usage, List<Double> scoreByBatch) {}

    static MoeConfig config(int topK) {
        return new MoeConfig(WIDTH, EXPERTS, 0, topK, HIDDEN, new RoutingMethod.NoauxTc(1, 1), true, 1.0);
    }

    static MoE layer(RandomGenerator random) {
        return MoE.of("moe", config(TOP_K), new FreshWeights(INIT, random));
    }

    static Result run(MoE moe, RandomGenerator random) {
        List<Double> scores = new ArrayList<>();
        // snippet: usage
        ExpertUsage usage = new ExpertUsage(EXPERTS);
        for (int batch = 0; batch < BATCHES; batch++) {
            Tensor x = Tensor.randn(random, 0f, 1f, SEQUENCES * LENGTH, WIDTH);
            Routing routing = moe.forward(x).routing(); // which experts, with which weights
            usage.add(routing);
            scores.add(usage.balanceScore());
        }
        // end
        long all = moe.parameters().stream()
                .filter(p -> p.role() != Parameter.Role.BUFFER)
                .mapToLong(p -> p.value().size())
                .sum();
        long expert = 3L * WIDTH * HIDDEN;
        return new Result(all, all - (EXPERTS - TOP_K) * expert, usage, scores);
    }

    /** The largest variance there is, of shares if all tokens chose the same K experts: 1 / (K E) - 1 / E^2. */
    static double worstVariance() {
        return 1.0 / (TOP_K * EXPERTS) - 1.0 / (EXPERTS * EXPERTS);
    }

    /**
     * How much longer a layer takes in which every token meets all experts.
     *
     * @return medians: two experts a token, all experts a token
     */
    static List<Timing> times(RandomGenerator random, int runs) {
        MoE some = layer(random);
        MoE all = MoE.of("moe", config(EXPERTS), new FreshWeights(INIT, random));
        Tensor x = Tensor.randn(random, 0f, 1f, SEQUENCES * LENGTH, WIDTH);
        Workspace memory = new Workspace();
        return Interleaved.time(2, runs, List.of(() -> forward(some, x, memory), () -> forward(all, x, memory)));
    }

    private static void forward(MoE moe, Tensor x, Workspace memory) {
        try (Workspace.Scope step = memory.open()) {
            moe.forward(x);
        }
    }
}
