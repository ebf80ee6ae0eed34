package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.eva.mla.MlaConfig;
import dev.eva.mla.QueryProjection;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.Presets;
import dev.eva.model.text.TokenFile;
import dev.eva.nn.Parameter;
import dev.eva.nn.RopeConfig;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.CrossEntropy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
    @TempDir
    Path dir;

    private TokenFile tokens;

    @BeforeEach
    void open() throws IOException {
        tokens = Tiny.tokens(dir.resolve("tokens.bin"), Tiny.text(150));
    }

    @AfterEach
    void close() {
        tokens.close();
    }

    private Trainer trainer(TrainConfig config) {
        return new Trainer(Tiny.model(1), config, tokens.split(config.validation()));
    }

    /** Hashes of all bits of all parameters. */
    private static List<Integer> bits(DeepSeekModel model) {
        return model.parameters().stream()
                .map(p -> Arrays.hashCode(p.value().toArray()))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"adamw", "muon"})
    void lossFallsAndTheBiasesMove(String optimizer) {
        Trainer trainer = trainer(Tiny.train(optimizer, 60));
        double before = trainer.evaluate().getAsDouble();
        assertThat(before).isCloseTo(Math.log(256), offset(0.3));
        StepMetrics last = null;
        for (int i = 0; i < 60; i++) {
            last = trainer.step();
        }
        assertThat(trainer.evaluate().getAsDouble()).isLessThan(before - 1);
        assertThat(last.step()).isEqualTo(60);
        assertThat(last.tokens()).isEqualTo(60 * 64);
        assertThat(last.maxVio()).isGreaterThanOrEqualTo(0);
        Tensor bias = trainer.model().parameters().stream()
                .filter(p -> p.role() == Parameter.Role.BUFFER)
                .findFirst()
                .orElseThrow()
                .value();
        assertThat(bias.toArray()).isNotEqualTo(new float[4]);
    }

    @ParameterizedTest
    @ValueSource(strings = {"adamw", "muon"})
    void theNumberOfThreadsDoesNotShow(String optimizer) {
        int threads = Parallel.threads();
        try {
            Parallel.setThreads(1);
            Trainer one = trainer(Tiny.train(optimizer, 12));
            Parallel.setThreads(2);
            Trainer two = trainer(Tiny.train(optimizer, 12));
            for (int i = 0; i < 12; i++) {
                Parallel.setThreads(1);
                double loss = one.step().loss();
                Parallel.setThreads(2);
                assertThat(two.step().loss()).isEqualTo(loss);
            }
            assertThat(bits(two.model())).isEqualTo(bits(one.model()));
        } finally {
            Parallel.setThreads(threads);
        }
    }

    @Test
    void evaluationEqualsOnePredictionAtATime() throws IOException {
        DeepSeekModel model = Tiny.model(5);
        for (int n : new int[] {2, 17, 33, 100, 161}) {
            try (TokenFile file =
                    Tiny.tokens(dir.resolve("t" + n), Tiny.text(40).substring(0, n))) {
                int[] ids = new int[n];
                file.read(0, n, ids, 0);
                double sum = 0;
                for (int at = 1; at < n; at++) {
                    int from = (at - 1) / 16 * 16;
                    int[] window = Arrays.copyOfRange(ids, from, at);
                    Tensor logits = model.forward(IntTensor.of(window, 1, window.length))
                            .logits();
                    sum += minusLogSoftmax(logits, window.length - 1, ids[at]);
                }
                double loss = new Evaluation(file.all(), 3, 16).loss(model, new Workspace());
                assertThat(loss).isCloseTo(sum / (n - 1), offset(1e-5));
            }
        }
    }

    private static double minusLogSoftmax(Tensor logits, int row, int id) {
        int v = logits.dim(-1);
        double sum = 0;
        for (int i = 0; i < v; i++) {
            sum += Math.exp(logits.get(row * v + i));
        }
        return Math.log(sum) - logits.get(row * v + id);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void aGradientThatIsNotFiniteChangesNothing(float poison) {
        Trainer trainer = trainer(Tiny.train("muon", 12));
        Trainer twin = trainer(Tiny.train("muon", 12));
        trainer.step();
        twin.step();
        List<Integer> before = bits(trainer.model());
        StepMetrics skipped = trainer.step(new TrainListener() {
            @Override
            public void gradients(long step, List<Parameter> parameters) {
                Tensor grad = parameters.get(3).value().gradOrZeros();
                grad.array()[grad.offset()] = poison;
            }
        });
        assertThat(skipped.skipped()).isTrue();
        assertThat(bits(trainer.model())).isEqualTo(before);
        assertThat(trainer.state().skipped()).isEqualTo(1);
        assertThat(trainer.state().consecutiveSkips()).isEqualTo(1);
        // The optimizer is as before, too: the next step is what it would be for a twin whose skipped step is made up.
        twin.state(trainer.state());
        assertThat(trainer.step().loss()).isEqualTo(twin.step().loss());
        assertThat(bits(trainer.model())).isEqualTo(bits(twin.model()));
        assertThat(trainer.state().consecutiveSkips()).isZero();
    }

    @Test
    void aLossThatIsNotFiniteIsSkipped() {
        Trainer trainer = trainer(Tiny.train("adamw", 12));
        Tensor norm = trainer.model().parameters().stream()
                .filter(p -> p.name().equals("norm"))
                .findFirst()
                .orElseThrow()
                .value();
        norm.array()[norm.offset()] = Float.NaN;
        norm.markWritten();
        List<Integer> before = bits(trainer.model());
        StepMetrics skipped = trainer.step();
        assertThat(skipped.skipped()).isTrue();
        assertThat(skipped.loss()).isNaN();
        assertThat(bits(trainer.model())).isEqualTo(before);
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        TrainConfig c = Tiny.train("adamw", 5);
        try (TokenFile file = Tiny.tokens(dir.resolve("short"), "0123456789abcdefgh")) {
            assertThatThrownBy(() -> new Trainer(Tiny.model(1), c, file.split(0.15)))
                    .hasMessageContaining("a block needs at least 17");
            assertThatThrownBy(() -> new Trainer(Tiny.model(1), c, file.split(0.05)))
                    .hasMessageContaining("0 tokens to validate on");
        }
        TrainConfig longer = Tiny.with(new TrainConfig.Batching(1, 65, 1), c);
        assertThatThrownBy(() -> trainer(longer)).hasMessageContaining("max_position_embeddings is 64");
    }

    /** With weight 0 the layers are computed and leave the model alone, bit by bit. */
    @Test
    void predictionLayersWithoutWeightDoNotShow() {
        // The balance loss of their experts would show: it has a weight of its own.
        TrainConfig config = with(Tiny.train("adamw", 8), new TrainConfig.Balance(0, 1e-3), new TrainConfig.Mtp(0, 0));
        Trainer without = trainer(config);
        Trainer with = new Trainer(Tiny.model(1, 2), config, tokens.split(config.validation()));
        for (int i = 0; i < 8; i++) {
            StepMetrics plain = without.step();
            StepMetrics m = with.step();
            assertThat(m.loss()).isEqualTo(plain.loss());
            assertThat(plain.mtpLoss()).isEmpty();
            assertThat(m.mtpLoss()).isPresent();
        }
        int shared = without.model().parameters().size();
        assertThat(bits(with.model()).subList(0, shared)).isEqualTo(bits(without.model()));
    }

    @Test
    void predictionLayersLearn() {
        TrainConfig config = Tiny.train("adamw", 60);
        Trainer trainer = new Trainer(Tiny.model(1, 2), config, tokens.split(config.validation()));
        double first = trainer.step().mtpLoss().getAsDouble();
        double last = 0;
        for (int i = 1; i < 60; i++) {
            last = trainer.step().mtpLoss().getAsDouble();
        }
        // Of 17 known tokens the first depth has 15 targets, the second 14; the divisor is 16 for both.
        assertThat(first).isCloseTo(Math.log(256) * (15 + 14) / 2 / 16, offset(0.3));
        assertThat(last).isLessThan(first - 1);
        assertThat(trainer.model().moeLayers()).hasSize(3);
    }

    @Test
    void theWeightFallsAfterTwoThirds() {
        assertThat(TrainConfig.Mtp.DEEPSEEK.at(0, 300)).isEqualTo(0.3);
        assertThat(TrainConfig.Mtp.DEEPSEEK.at(200, 300)).isEqualTo(0.3);
        assertThat(TrainConfig.Mtp.DEEPSEEK.at(210, 300)).isEqualTo(0.1);
        assertThat(TrainConfig.Mtp.DEEPSEEK.at(1000, 0)).isEqualTo(0.3);
    }

    @Test
    void sequencesTooShortForThePredictionLayersAreRefused() {
        TrainConfig config = Tiny.train("adamw", 8);
        assertThatThrownBy(() -> new Trainer(Tiny.model(1, 16), config, tokens.split(config.validation())))
                .hasMessageContaining("length: 16; need more than the 16 multi-token prediction layers");
    }

    private static TrainConfig with(TrainConfig c, TrainConfig.Balance balance, TrainConfig.Mtp mtp) {
        return new TrainConfig(
                c.batching(),
                c.budget(),
                c.optimizer(),
                c.schedule(),
                c.clip(),
                balance,
                mtp,
                c.precision(),
                c.validation(),
                c.saving(),
                c.maxSkipped(),
                c.seed());
    }

    @ParameterizedTest
    @EnumSource(names = "FP32", mode = EnumSource.Mode.EXCLUDE)
    void inFp8TheLossFallsAlmostAlikeWhateverTheThreads(Precision precision) {
        TrainConfig config = Tiny.train("adamw", 60);
        double exact = losses(config, Precision.FP32, 2)[59];
        double[] rounded = losses(config, precision, 2);
        assertThat(rounded[59]).isNotEqualTo(exact).isCloseTo(exact, offset(0.05 * exact));
        assertThat(losses(config, precision, 1)).isEqualTo(rounded);
    }

    private Trainer trainer(DeepSeekConfig shape, TrainConfig config) {
        Fp8Watch fp8 = new Fp8Watch(config.precision());
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        return new Trainer(DeepSeekModel.random(shape, random, fp8), config, tokens.split(config.validation()), fp8);
    }

    /** What is made again has the bits of what was not kept, so gradients do not depend on what a tape keeps. */
    @ParameterizedTest
    @EnumSource
    void gradientsDoNotDependOnWhatIsKept(Precision precision) {
        assertThat(gradients(precision, Tape.Keeping.LEAST)).isEqualTo(gradients(precision, Tape.Keeping.ALL));
    }

    private List<Integer> gradients(Precision precision, Tape.Keeping keeping) {
        DeepSeekConfig tiny = Tiny.config();
        // A latent so small that keys and values are made again.
        MlaConfig mla = new MlaConfig(16, 2, new QueryProjection.Direct(), 4, 4, 4, 4, RopeConfig.plain(10000));
        DeepSeekConfig shape = new DeepSeekConfig(tiny.vocabSize(), 16, 2, 1, 32, 1e-6, 64, 0.02, 0, mla, tiny.moe());
        DeepSeekModel model = DeepSeekModel.random(
                shape, RandomGeneratorFactory.of("L64X128MixRandom").create(3), new Fp8Watch(precision));
        int[] ids = new Random(4).ints(2 * 20, 0, 256).toArray();
        try (Workspace.Scope step = new Workspace().open();
                Tape tape = Tape.open(keeping)) {
            var logits = model.forward(IntTensor.of(ids, 2, 20)).logits();
            tape.backward(CrossEntropy.crossEntropy(logits, IntTensor.of(ids, 40)));
        }
        return model.parameters().stream()
                .filter(p -> p.role() != Parameter.Role.BUFFER)
                .map(p -> Arrays.hashCode(p.value().gradOrZeros().toArray()))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"shakespeare", "shakespeare-bench", "mini"})
    void inFp8AStepKeepsLessThanTwoFifthsOfAllThatF32HasToKeep(String preset) {
        TrainConfig config = Tiny.train("adamw", 1);
        DeepSeekConfig shape = Presets.byName(preset).withVocabSize(256);
        double all = kept(shape, config, Tape.Keeping.ALL);
        double exact = trainer(shape, config).step().keptBytes();
        double rounded = trainer(shape, Tiny.in(Precision.FP8, config)).step().keptBytes();
        assertThat(rounded).isPositive().isLessThan(0.4 * all);
        // The same of what F32 keeps where it makes again what it can, as training does.
        assertThat(rounded).isLessThan(0.4 * exact);
        assertThat(exact).isLessThan(0.9 * all);
    }

    /** Bytes that an F32 step of the same sequences keeps on a tape of this kind. */
    private static double kept(DeepSeekConfig shape, TrainConfig config, Tape.Keeping keeping) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        DeepSeekModel model = DeepSeekModel.random(shape, random, new Fp8Watch(Precision.FP32));
        int n = config.batching().batchSize();
        int length = config.batching().length();
        int[] ids = new Random(4).ints(n * length, 0, 256).toArray();
        Workspace workspace = new Workspace();
        try (Workspace.Scope step = workspace.open();
                Tape tape = Tape.open(keeping)) {
            var logits = model.forward(IntTensor.of(ids, n, length)).logits();
            CrossEntropy.crossEntropy(logits, IntTensor.of(ids, n * length));
            return workspace.lentBytes();
        }
    }

    @Test
    void everySoManyStepsCountWhatFp8Rounds() {
        TrainConfig config = Tiny.in(Precision.FP8, Tiny.train("adamw", 60));
        Trainer trainer = trainer(Tiny.config(), config);
        for (int step = 1; step <= Trainer.FP8_EVERY + 1; step++) {
            List<RoundingMetrics> seen = trainer.step().fp8();
            if (step % Trainer.FP8_EVERY != 1) {
                assertThat(seen).isEmpty();
                continue;
            }
            assertThat(seen.stream().map(RoundingMetrics::part).distinct())
                    .containsExactly("layers.0.attn", "layers.0.ffn", "layers.1.attn", "layers.1.ffn");
            assertThat(seen).hasSize(12).allSatisfy(r -> {
                assertThat(r.overflow()).isZero();
                assertThat(r.underflow()).isBetween(0.0, 0.5);
                assertThat(r.minScale()).isPositive().isLessThanOrEqualTo(r.maxScale());
            });
        }
        assertThat(trainer(Tiny.train("adamw", 1)).step().fp8()).isEmpty();
    }

    @Test
    void inFp8AStepThatIsNotFiniteIsSkippedAndSeen() {
        Trainer trainer = trainer(Tiny.config(), Tiny.in(Precision.FP8, Tiny.train("adamw", 60)));
        Parameter weight = trainer.model().parameters().stream()
                .filter(p -> p.name().equals("layers.1.attn.wo"))
                .findFirst()
                .orElseThrow();
        weight.value().array()[weight.value().offset()] = Float.POSITIVE_INFINITY;
        weight.value().markWritten();
        List<Integer> before = bits(trainer.model());
        StepMetrics step = trainer.step();
        assertThat(step.skipped()).isTrue();
        assertThat(bits(trainer.model())).isEqualTo(before);
        assertThat(step.fp8().stream().filter(RoundingMetrics::isWorrying))
                .anySatisfy(r -> assertThat(r.part() + " " + r.kind()).isEqualTo("layers.1.attn weight"));
    }

    private double[] losses(TrainConfig config, Precision precision, int threads) {
        int before = Parallel.threads();
        try {
            Parallel.setThreads(threads);
            Trainer trainer = trainer(Tiny.config(), Tiny.in(precision, config));
            double[] losses = new double[60];
            for (int i = 0; i < losses.length; i++) {
                losses[i] = trainer.step().loss();
            }
            return losses;
        } finally {
            Parallel.setThreads(before);
        }
    }
}
