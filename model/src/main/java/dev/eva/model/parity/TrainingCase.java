package dev.eva.model.parity;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.HfNames;
import dev.eva.model.parity.Tolerance.Scale;
import dev.eva.moe.BalanceLoss;
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
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Training steps from a checkpoint, by a recipe: cross-entropy and balance loss, clipping, AdamW or Muon, and the
 * update of the routing bias. Training amplifies: an error in the recipe is plainly visible at the end.
 */
final class TrainingCase {
    private static final Tolerance LOSS = Tolerance.absolute(1e-4);
    private static final Tolerance BALANCE = Tolerance.absolute(1e-8);
    private static final Tolerance BALANCE_GRADIENT = Tolerance.relative(1e-4, Scale.LARGEST);
    private static final Tolerance NORM = Tolerance.absolute(3e-3);
    private static final Tolerance BIAS = Tolerance.absolute(2e-6);
    private static final Tolerance FINAL = Tolerance.absolute(5e-4).withMean(1e-6);
    private static final Tolerance SUM = Tolerance.absolute(1e-3);
    private static final Tolerance MOVED = Tolerance.relative(1e-4, Scale.LARGEST);

    private final Recipe recipe;
    private final DeepSeekModel model;
    private final List<Parameter> trained;
    private final List<Parameter> biases;
    private final IntTensor batches;
    private final Sheet sheet;
    private final Workspace workspace = new Workspace();

    private TrainingCase(Recipe recipe, Sheet sheet) {
        this.recipe = recipe;
        this.sheet = sheet;
        this.model = Checkpoint.load(recipe.start());
        this.batches = sheet.ints("batches", 3);
        this.trained = model.parameters().stream()
                .filter(p -> p.role() != Parameter.Role.BUFFER)
                .toList();
        this.biases = model.parameters().stream()
                .filter(p -> p.role() == Parameter.Role.BUFFER)
                .limit(model.config().moeLayers()) // those of multi-token prediction come last
                .toList();
    }

    static void compare(Path folder, Sheet sheet) {
        TrainingCase c = new TrainingCase(Recipe.read(folder), sheet);
        if (sheet.open().stream().anyMatch(n -> n.startsWith("balance_grad."))) {
            c.balanceGradients();
        }
        List<float[]> start = c.trained.stream().map(p -> p.value().toArray()).toList();
        c.steps();
        c.model.parameters().forEach(c::finalValues);
        sheet.close("final_delta_norm", () -> new float[] {(float) c.moved(start)}, MOVED);
    }

    /** What all steps gave, one value a step; counts and bias one a step, layer and expert. */
    private final class Course {
        private final float[] ce = new float[batches.dim(0)];
        private final float[] balance = new float[batches.dim(0)];
        private final float[] norms = new float[batches.dim(0)];
        private final int layers = model.config().moeLayers();
        private final int experts = model.config().moe().nRoutedExperts();
        private final int[] counts = new int[batches.dim(0) * layers * experts];
        private final float[] bias = new float[batches.dim(0) * biases.size() * experts];

        void compare() {
            float[] losses = new float[ce.length];
            for (int s = 0; s < losses.length; s++) {
                losses[s] = ce[s] + balance[s];
            }
            sheet.close("losses", () -> losses, LOSS);
            sheet.close("ce_losses", () -> ce, LOSS);
            sheet.close("balance_losses", () -> balance, BALANCE);
            sheet.close("grad_norms", () -> norms, NORM);
            sheet.equal("counts", () -> counts);
            sheet.close("bias", () -> bias, BIAS);
        }
    }

    private void steps() {
        List<Optimizer> optimizers = recipe.optimizers(model.parameters());
        Course course = new Course();
        for (int s = 0; s < batches.dim(0); s++) {
            gradients(s, course);
            optimizers.forEach(o -> o.step(recipe.lr()));
            for (int m = 0; m < biases.size(); m++) {
                int from = (s * course.layers + m) * course.experts;
                long[] counts = Arrays.stream(course.counts, from, from + course.experts)
                        .asLongStream()
                        .toArray();
                Tensor bias = biases.get(m).value();
                RoutingBias.update(bias, counts, recipe.biasGamma());
                System.arraycopy(bias.array(), bias.offset(), course.bias, from, course.experts);
            }
        }
        course.compare();
    }

    /** Forward, backward and clipping; leaves the gradients. */
    private void gradients(int s, Course course) {
        IntTensor ids = batch(s);
        model.parameters().forEach(p -> p.value().zeroGrad());
        try (Workspace.Scope scope = workspace.open();
                Tape tape = Tape.open()) {
            DeepSeekModel.Output out = model.forward(ids);
            Tensor loss = NextToken.loss(out.logits(), ids);
            course.ce[s] = loss.item();
            for (int m = 0; m < out.routings().size(); m++) {
                int[] counts = out.routings().get(m).counts();
                System.arraycopy(counts, 0, course.counts, (s * course.layers + m) * course.experts, counts.length);
            }
            if (!out.routings().isEmpty()) {
                Tensor balance = balance(out.routings(), ids);
                course.balance[s] = balance.item();
                loss = Add.add(loss, balance);
            }
            tape.backward(loss);
        }
        course.norms[s] = (float) GradClip.clip(model.parameters(), recipe.clip());
    }

    /** The sum over the layers with experts. */
    private Tensor balance(List<Routing> routings, IntTensor ids) {
        return routings.stream()
                .map(r -> BalanceLoss.balanceLoss(r, ids.dim(0), ids.dim(1), recipe.balanceAlpha()))
                .reduce(Add::add)
                .orElseThrow();
    }

    /** The gradient of the balance loss alone, before the first step. */
    private void balanceGradients() {
        try (Workspace.Scope scope = workspace.open();
                Tape tape = Tape.open()) {
            IntTensor ids = batch(0);
            tape.backward(balance(model.forward(ids).routings(), ids));
        }
        for (Parameter p : trained) {
            pieces(p, "balance_grad.", x -> x.gradOrZeros().toArray(), BALANCE_GRADIENT);
        }
    }

    private void finalValues(Parameter p) {
        pieces(p, "final.", Tensor::toArray, FINAL);
        for (HfNames.Piece piece : HfNames.pieces(p.name(), p.value().shape().dims())) {
            if (piece.dims().length == 2) {
                int at = p.value().offset() + piece.offset();
                sheet.close("final_rowsum." + piece.name(), () -> sums(p.value().array(), at, piece, true), SUM);
                sheet.close("final_colsum." + piece.name(), () -> sums(p.value().array(), at, piece, false), SUM);
            }
        }
    }

    private void pieces(Parameter p, String prefix, Function<Tensor, float[]> values, Tolerance tolerance) {
        for (HfNames.Piece piece : HfNames.pieces(p.name(), p.value().shape().dims())) {
            int from = piece.offset();
            sheet.close(
                    prefix + piece.name(),
                    () -> Arrays.copyOfRange(values.apply(p.value()), from, from + piece.size()),
                    tolerance);
        }
    }

    /** Sums of the rows of a matrix, or of its columns. */
    private static float[] sums(float[] values, int at, HfNames.Piece piece, boolean ofRows) {
        int columns = piece.dims()[1];
        double[] sums = new double[ofRows ? piece.dims()[0] : columns];
        for (int i = 0; i < piece.size(); i++) {
            sums[ofRows ? i / columns : i % columns] += values[at + i];
        }
        float[] rounded = new float[sums.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) sums[i];
        }
        return rounded;
    }

    private IntTensor batch(int s) {
        int size = batches.dim(1) * batches.dim(2);
        return IntTensor.of(
                Arrays.copyOfRange(batches.array(), s * size, (s + 1) * size), batches.dim(1), batches.dim(2));
    }

    /** Norm of the changes of all parameters together. */
    private double moved(List<float[]> start) {
        double squares = 0;
        for (int i = 0; i < start.size(); i++) {
            float[] now = trained.get(i).value().toArray();
            for (int j = 0; j < now.length; j++) {
                double d = (double) now[j] - start.get(i)[j];
                squares += d * d;
            }
        }
        return Math.sqrt(squares);
    }
}
