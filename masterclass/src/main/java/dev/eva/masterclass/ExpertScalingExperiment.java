package dev.eva.masterclass;

import dev.eva.masterclass.SideBySide.Lane;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.ParameterCount;
import dev.eva.model.Presets;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.TrainPresets;
import dev.eva.model.train.TrainingRun;
import dev.eva.moe.MoeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjDoubleConsumer;

/** More experts for the same work: 8, 64 and 256 of one width, of which a token visits as many. */
final class ExpertScalingExperiment {
    /** Numbers of routed experts. */
    static final List<Integer> EXPERTS = List.of(8, 64, 256);
    /** Layers of the models, of which the first has no experts. */
    static final int LAYERS = 2;

    private static final long LOOKED = 1 << 13;

    private ExpertScalingExperiment() {}

    /**
     * A model with one number of experts.
     *
     * @param experts routed ones
     * @param count parameters
     */
    record Row(int experts, ParameterCount count, Course course) {
        /** Routed slots of a step for each expert, if all got the same. */
        double slotsAnExpert() {
            return (double) course.tokens() * shape(experts).moe().numExpertsPerTok() / experts;
        }
    }

    /**
     * Trains all of them on the text of a run, a step each in turn.
     *
     * @param run the folder of the run
     * @param steps of each
     * @param batch sequences in a step
     * @param seed of the weights and of the order of the text
     */
    static List<Row> run(Path run, int steps, int batch, long seed, ObjDoubleConsumer<String> progress) {
        try (TrainingRun text = TrainingRun.resume(run)) {
            List<Lane> lanes = new ArrayList<>();
            for (int experts : EXPERTS) {
                lanes.add(new Lane(
                        "e" + experts, experts + " experts", text.beside(shape(experts), train(steps, batch, seed))));
            }
            List<Course> courses =
                    SideBySide.run(lanes, steps, text.text().validation(), LOOKED, "numbers of experts", progress);
            List<Row> rows = new ArrayList<>();
            for (int i = 0; i < courses.size(); i++) {
                DeepSeekConfig shape = lanes.get(i).trainer().model().config();
                rows.add(new Row(EXPERTS.get(i), ParameterCount.of(shape), courses.get(i)));
            }
            return rows;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The trained preset with fewer layers and {@code experts} experts: expert width, K and the shared one stay. */
    static DeepSeekConfig shape(int experts) {
        DeepSeekConfig c = Presets.byName(TrainingExperiment.PRESET);
        // snippet: shape
        MoeConfig moe = new MoeConfig(
                c.hiddenSize(),
                experts,
                c.moe().nSharedExperts(),
                c.moe().numExpertsPerTok(),
                c.moe().moeIntermediateSize(),
                c.moe().method(),
                c.moe().normTopkProb(),
                c.moe().routedScalingFactor());
        // end
        return new DeepSeekConfig(
                c.vocabSize(),
                c.hiddenSize(),
                LAYERS,
                c.firstKDenseReplace(),
                c.intermediateSize(),
                c.rmsNormEps(),
                c.maxPositionEmbeddings(),
                c.initializerRange(),
                c.numNextnPredictLayers(),
                c.mla(),
                moe);
    }

    /** AdamW: Muon's matrix iteration on every one of 256 experts would be what is measured. */
    private static TrainConfig train(int steps, int batch, long seed) {
        TrainConfig preset = TrainPresets.byName("shakespeare-bench");
        TrainConfig.Batching batching =
                new TrainConfig.Batching(batch, preset.batching().length(), 1);
        return SideBySide.course(preset, batching, steps, preset.validation(), seed);
    }
}
