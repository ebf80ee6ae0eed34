package dev.eva.tests.golden;

import static dev.eva.tests.golden.Golden.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.HfNames;
import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.moe.BalanceLoss;
import dev.eva.moe.Routing;
import dev.eva.moe.RoutingBias;
import dev.eva.nn.Parameter;
import dev.eva.nn.optim.AdamW;
import dev.eva.nn.optim.GradClip;
import dev.eva.nn.optim.Muon;
import dev.eva.nn.optim.Optimizer;
import dev.eva.nn.optim.WeightDecay;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.Add;
import dev.eva.tensor.ops.CrossEntropy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Twenty training steps against a recipe in PyTorch: cross-entropy and balance loss, clipping, AdamW or Muon, and the
 * update of the routing bias. Training amplifies: an error in the recipe is plainly visible at the end.
 */
class GoldenTrainingTest {
    private final Workspace workspace = new Workspace();

    /** What one step gave. */
    private record Step(float ce, float balance, double gradNorm, List<int[]> counts) {}

    @Test
    @Tag("kernels")
    void adamWFollowsTheReference() {
        followsTheReference("train-v3-tiny");
    }

    /** Not tagged for the scalar kernels: Newton-Schulz iterations are most of its time and would take a minute. */
    @Test
    void muonFollowsTheReference() {
        followsTheReference("train-v3-tiny-muon");
    }

    private void followsTheReference(String name) {
        JsonNode recipe = Golden.json(name + "/train.json");
        DeepSeekModel model = Checkpoint.load(Golden.path(recipe.get("start").asString()));
        List<Parameter> biases = model.parameters().stream()
                .filter(p -> p.role() == Parameter.Role.BUFFER)
                .toList();
        Optimizer optimizer = optimizer(model, recipe);
        try (SafetensorsFile expected = Golden.open(name + "/expected.safetensors.gz")) {
            balanceGradients(name, expected, recipe);
            float[] start = flat(model);
            int steps = recipe.get("steps").intValue();
            for (int s = 0; s < steps; s++) {
                Step step = step(model, batch(expected, s), recipe);
                optimizer.step(recipe.get("lr").floatValue());
                for (int m = 0; m < biases.size(); m++) {
                    long[] counts =
                            Arrays.stream(step.counts.get(m)).asLongStream().toArray();
                    RoutingBias.update(
                            biases.get(m).value(),
                            counts,
                            recipe.get("bias_gamma").floatValue());
                }
                compare(s, step, biases, expected);
            }
            finalParameters(model, expected);
            double moved = distance(start, flat(model));
            assertThat(moved).isCloseTo(expected.tensor("final_delta_norm").get(0), within(1e-4 * moved));
        }
    }

    private static Optimizer optimizer(DeepSeekModel model, JsonNode recipe) {
        JsonNode betas = recipe.get("betas");
        AdamW.Moments moments = new AdamW.Moments(
                betas.get(0).doubleValue(),
                betas.get(1).doubleValue(),
                recipe.get("eps").doubleValue());
        float rate = recipe.get("weight_decay").floatValue();
        WeightDecay decay = recipe.get("decay_1d").booleanValue() ? WeightDecay.all(rate) : WeightDecay.matrices(rate);
        return recipe.get("optimizer").asString().equals("muon")
                ? new Muon(model.parameters(), recipe.get("muon_momentum").doubleValue(), moments, decay)
                : new AdamW(model.parameters(), moments, decay);
    }

    /** Forward, backward and clipping; leaves the gradients. */
    private Step step(DeepSeekModel model, IntTensor ids, JsonNode recipe) {
        model.parameters().forEach(p -> p.value().zeroGrad());
        float ce;
        float balance;
        List<int[]> counts = new ArrayList<>();
        try (Workspace.Scope scope = workspace.open();
                Tape tape = Tape.open()) {
            DeepSeekModel.Output out = model.forward(ids);
            Tensor loss = CrossEntropy.crossEntropy(out.logits(), Targets.next(ids));
            Tensor balanced =
                    balance(out.routings(), ids, recipe.get("balance_alpha").floatValue());
            ce = loss.item();
            balance = balanced.item();
            out.routings().forEach(r -> counts.add(r.counts().clone()));
            tape.backward(Add.add(loss, balanced));
        }
        double norm = GradClip.clip(model.parameters(), recipe.get("clip").floatValue());
        return new Step(ce, balance, norm, counts);
    }

    private static Tensor balance(List<Routing> routings, IntTensor ids, float alpha) {
        Tensor sum = null;
        for (Routing r : routings) {
            Tensor loss = BalanceLoss.balanceLoss(r, ids.dim(0), ids.dim(1), alpha);
            sum = sum == null ? loss : Add.add(sum, loss);
        }
        return sum;
    }

    private static void compare(int s, Step step, List<Parameter> biases, SafetensorsFile expected) {
        String at = " of step " + s;
        assertThat((double) step.ce).as("ce" + at).isCloseTo(at(expected, "ce_losses", s), within(1e-4));
        assertThat((double) step.balance).as("balance" + at).isCloseTo(at(expected, "balance_losses", s), within(1e-8));
        assertThat((double) step.ce + step.balance).as("loss" + at).isCloseTo(at(expected, "losses", s), within(1e-4));
        assertThat(step.gradNorm).as("gradient norm" + at).isCloseTo(at(expected, "grad_norms", s), within(3e-3));
        for (int m = 0; m < biases.size(); m++) {
            int experts = step.counts.get(m).length;
            int from = (s * biases.size() + m) * experts;
            assertThat(step.counts.get(m))
                    .as("counts" + at)
                    .isEqualTo(Arrays.copyOfRange(expected.ints("counts").array(), from, from + experts));
            float[] bias = Arrays.copyOfRange(expected.tensor("bias").toArray(), from, from + experts);
            assertClose("bias" + at, biases.get(m).value(), bias, 2e-6);
        }
    }

    /** The gradient of the balance loss alone, in the first step. */
    private void balanceGradients(String name, SafetensorsFile expected, JsonNode recipe) {
        DeepSeekModel model = Checkpoint.load(Golden.path(recipe.get("start").asString()));
        IntTensor ids = batch(expected, 0);
        try (Workspace.Scope scope = workspace.open();
                Tape tape = Tape.open()) {
            Tensor loss = balance(
                    model.forward(ids).routings(),
                    ids,
                    recipe.get("balance_alpha").floatValue());
            tape.backward(loss);
        }
        int compared = 0;
        for (Parameter p : model.parameters()) {
            String key = "balance_grad."
                    + HfNames.pieces(p.name(), p.value().shape().dims())
                            .getFirst()
                            .name();
            if (expected.entries().containsKey(key)) {
                Golden.assertCloseToMax(
                        name + " " + key,
                        p.value().gradOrZeros().toArray(),
                        expected.tensor(key).toArray(),
                        1e-4);
                compared++;
            }
        }
        assertThat(compared).isEqualTo(model.config().moeLayers());
    }

    private static void finalParameters(DeepSeekModel model, SafetensorsFile expected) {
        int compared = 0;
        for (Parameter p : model.parameters()) {
            for (HfNames.Piece piece :
                    HfNames.pieces(p.name(), p.value().shape().dims())) {
                Tensor value =
                        Tensor.wrap(p.value().array(), p.value().offset() + piece.offset(), Shape.of(piece.dims()));
                if (expected.entries().containsKey("final." + piece.name())) {
                    float[] last = expected.tensor("final." + piece.name()).toArray();
                    assertClose("final." + piece.name(), value, last, 5e-4);
                    assertThat(meanDifference(value.toArray(), last))
                            .as(piece.name())
                            .isLessThan(1e-6);
                } else if (p.role() != Parameter.Role.BUFFER) {
                    sums(piece, value, expected);
                }
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(100);
    }

    private static void sums(HfNames.Piece piece, Tensor value, SafetensorsFile expected) {
        int rows = value.dim(0);
        int cols = value.dim(1);
        double[] rowSums = new double[rows];
        double[] colSums = new double[cols];
        for (int i = 0; i < value.size(); i++) {
            rowSums[i / cols] += value.get(i);
            colSums[i % cols] += value.get(i);
        }
        assertClose("rows of " + piece.name(), floats(rowSums), values(expected, "final_rowsum." + piece.name()), 1e-3);
        assertClose(
                "columns of " + piece.name(), floats(colSums), values(expected, "final_colsum." + piece.name()), 1e-3);
    }

    private static IntTensor batch(SafetensorsFile expected, int s) {
        IntTensor all = expected.ints("batches");
        int size = all.dim(1) * all.dim(2);
        return IntTensor.of(Arrays.copyOfRange(all.array(), s * size, (s + 1) * size), all.dim(1), all.dim(2));
    }

    private static float[] flat(DeepSeekModel model) {
        List<Parameter> trained = model.parameters().stream()
                .filter(p -> p.role() != Parameter.Role.BUFFER)
                .toList();
        float[] all = new float[trained.stream().mapToInt(p -> p.value().size()).sum()];
        int at = 0;
        for (Parameter p : trained) {
            System.arraycopy(
                    p.value().array(), p.value().offset(), all, at, p.value().size());
            at += p.value().size();
        }
        return all;
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }

    private static double meanDifference(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs((double) a[i] - b[i]);
        }
        return sum / a.length;
    }

    private static float[] floats(double[] x) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = (float) x[i];
        }
        return y;
    }

    private static float[] values(SafetensorsFile file, String name) {
        return file.tensor(name).toArray();
    }

    private static double at(SafetensorsFile file, String name, int i) {
        return file.tensor(name).get(i);
    }
}
