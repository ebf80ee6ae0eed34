package dev.eva.masterclass;

import dev.eva.masterclass.TrainingExperiment.Results;
import dev.eva.model.train.StepMetrics;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import dev.eva.report.LineChart;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** A model learns: five steps on noise, then a real text, with and without the tricks. */
final class TrainingSection implements Section {
    /** Points of a curve. */
    private static final int POINTS = 160;
    /** Steps at the end whose mean is the last training loss. */
    private static final int LAST = 20;
    /** Percent of a loss that says nothing yet. */
    private static final double SMALL = 1;

    private final TrainingExperiment training;

    TrainingSection(TrainingExperiment training) {
        this.training = training;
    }

    @Override
    public String id() {
        return "training";
    }

    @Override
    public String title() {
        return "Training, from noise to plays";
    }

    @Override
    public void run(Lesson lesson) {
        lesson.text("A language model is trained to be less surprised: by the probability that it gave to the "
                + "token that came next. The mean surprise is the loss. Who knows nothing and gives each of $V$ "
                + "tokens the same probability has a loss of $\\ln V$, so that is where every training should "
                + "begin; one that begins higher has an error in its initialisation.");
        lesson.formula(
                "L = -\\frac{1}{M} \\sum_{i=1}^{M} \\ln p_i",
                "$M = B \\cdot T$ tokens of a step",
                "$p_i$ what the softmax of the logits gave to the token that really follows token $i$",
                "$L$ in nats a token; $e^L$ is among how many equally likely tokens the model might as well choose");
        fiveSteps(lesson);
        Results results = training.results(lesson::progress);
        realRun(lesson, results);
        balance(lesson, results);
        precision(lesson, results);
        lesson.heading("What it writes");
        lesson.text("A model of single characters has to learn words, names and the form of a text from nothing. "
                + "Drawn at temperature $0.8$ after the last step:");
        lesson.sample(results.trained().sample());
    }

    private static void fiveSteps(Lesson lesson) {
        double[] losses = MiniModelExperiment.fiveSteps(lesson.random("training"));
        Figures f = lesson.figures();
        lesson.heading("Five steps on noise");
        lesson.code(MiniModelExperiment.class, "steps");
        DataTable table = DataTable.of(
                "The mini model, Adam with a rate of $10^{-4}$, one batch of random tokens.", "step", "loss, nats");
        for (int i = 0; i < losses.length; i++) {
            f.put("training.five.step" + (i + 1), i + 1);
            f.put("training.five.loss" + (i + 1), losses[i]);
            table = table.row("{training.five.step" + (i + 1) + "}", "{training.five.loss" + (i + 1) + ":4}");
        }
        lesson.table(table);
        f.put(
                "training.five.ln_v",
                Math.log(MiniModelExperiment.Shape.mini().config().vocabSize()));
        f.put("training.five.fell", losses[0] - losses[losses.length - 1]);
        lesson.finding("It begins at {training.five.loss1:4}; $\\ln 1000$ is {training.five.ln_v:4}. In five "
                + "steps it falls by {training.five.fell:3}. Random tokens cannot be predicted, so this is memory "
                + "of one batch and no knowledge: the founding document's five steps show that gradients flow, "
                + "and no more. For more it takes a text.");
    }

    private static void realRun(Lesson lesson, Results results) {
        TrainedModel model = results.trained();
        figures(lesson.figures(), results);
        lesson.heading("A real text");
        lesson.text("The text is `" + model.source() + "`, cut into tokens by the tokenizer `" + model.tokenizer()
                + "`, {training.vocabulary} different ones; {training.held_out} at the end are held out. The "
                + "model has {training.parameters} parameters.");
        lesson.code(TrainingExperiment.class, "train");
        lesson.table(DataTable.of("The run; its folder is `" + model.run() + "`.", "", "")
                .row("steps", "{training.steps}")
                .row("tokens seen", "{training.tokens}")
                .row("time", "{training.seconds:0}")
                .row("speed", "{training.speed:0}")
                .row("loss of the first step, nats", "{training.first_loss:3}")
                .row("$\\ln V$", "{training.ln_v:3}")
                .row("loss of the last steps, nats", "{training.last_loss:3}")
                .row("loss on held-out text, nats", "{training.val_loss:3}"));
        lesson.picture(
                "training-loss",
                lossChart(model),
                "The loss over the steps. It falls fast while the model learns which characters are frequent, "
                        + "then slowly, with what follows what; the last stretch, where the learning rate goes "
                        + "down, should bend it once more. Points: text that was held out.");
        lesson.finding("The loss began at {training.first_loss:3} ($\\ln V$ is {training.ln_v:3}) and ended at "
                + "{training.val_loss:3} on text that the model has not seen: as unsure as among "
                + "{training.choices:1} equally likely tokens, of {training.vocabulary}. `eva generate " + model.run()
                + "` lets it go on writing.");
    }

    private static void figures(Figures f, Results results) {
        TrainedModel model = results.trained();
        List<StepMetrics> steps = model.whole();
        StepMetrics last = steps.getLast();
        double loss = model.evaluated().valLoss().getAsDouble();
        f.put("training.parameters", model.parameters());
        f.put("training.steps", last.step());
        f.put("training.tokens", last.tokens());
        f.put("training.seconds", last.seconds(), "s");
        f.put("training.speed", last.tokens() / last.seconds(), "tokens/s");
        f.put("training.vocabulary", model.model().config().vocabSize());
        f.put("training.ln_v", Math.log(model.model().config().vocabSize()));
        f.put("training.first_loss", steps.getFirst().loss());
        f.put("training.last_loss", mean(steps));
        f.put("training.held_out", model.heldOut());
        f.put("training.val_loss", loss);
        f.put("training.choices", Math.exp(loss));
        f.put("training.gamma", results.train().balance().gamma());
        f.put("training.alpha", results.train().balance().alpha());
        f.put("paper.training.gamma", 0.001);
    }

    private static double mean(List<StepMetrics> steps) {
        return steps.subList(Math.max(0, steps.size() - LAST), steps.size()).stream()
                .mapToDouble(StepMetrics::loss)
                .average()
                .orElseThrow();
    }

    private static LineChart lossChart(TrainedModel model) {
        Thinned training = Thinned.of(model.whole(), POINTS, StepMetrics::loss);
        LineChart chart =
                new LineChart("Loss of the run", "step", "nats a token").curve("training", training.x(), training.y());
        List<StepMetrics> evaluated =
                model.steps().stream().filter(m -> m.valLoss().isPresent()).toList();
        return chart.points(
                "held-out text",
                evaluated.stream().mapToDouble(StepMetrics::step).toArray(),
                evaluated.stream().mapToDouble(m -> m.valLoss().getAsDouble()).toArray());
    }

    private static void balance(Lesson lesson, Results results) {
        lesson.heading("Keeping the experts busy");
        lesson.text("A router that sends more to an expert trains it more, and finds it even better the next "
                + "time: left alone, a few experts take all. A loss that punishes this also pulls at the router's "
                + "knowledge. DeepSeek-V3 moves a bias instead, which decides only *who is chosen* and not how "
                + "much the chosen count, after every step, by the sign of the difference to the mean load. No "
                + "gradient passes through it. (A balance loss with a very small weight, {training.alpha}, is "
                + "left in all of these trainings, as in V3.)");
        lesson.formula("b_e \\to b_e + \\gamma \\cdot \\text{sign}(\\hat c - c_e)");
        lesson.formula(
                "\\text{MaxVio} = \\frac{\\max_e c_e}{\\hat c} - 1",
                "$c_e$ tokens that expert $e$ got in the step, $\\hat c$ their mean",
                "$\\gamma$ how far a bias moves a step");
        lesson.text("V3 moved its biases by {paper.training.gamma} a step, for hundreds of thousands of steps. "
                + "Scores lie between $0$ and $1$; in a few hundred steps such a bias gets nowhere. This run "
                + "moves them by {training.gamma}. [DeepSeek-V3, arXiv:2412.19437, section 2.1.2; "
                + "arXiv:2408.15664]");
        lesson.picture(
                "training-balance",
                balanceChart(results.trained()),
                "MaxVio of the run's steps, layer by layer: by how much the busiest expert exceeds the mean. A "
                        + "step sees only so many tokens, so even a perfect router would not stay at zero.");
        bias(lesson, results);
    }

    private static void bias(Lesson lesson, Results results) {
        lesson.code(TrainingExperiment.class, "courses");
        lesson.code(SideBySide.class, "turns");
        courseTable(lesson, "What moving the biases does", List.of(results.float32(), results.unbiased()));
        lesson.picture(
                "training-bias",
                beside(
                        "MaxVio with and without the bias update",
                        "MaxVio, mean of the layers",
                        results.float32(),
                        results.unbiased(),
                        StepMetrics::maxVio),
                "Two trainings from the same weights over the same batches; the only difference is $\\gamma$. "
                        + "Both begin uneven, because fresh routers prefer some experts by chance.");
        double gap = lesson.figures()
                .put(
                        "training.bias_gap",
                        100
                                * (results.float32().validation()
                                                / results.unbiased().validation()
                                        - 1),
                        "%");
        lesson.finding("After {training.f32.steps} steps the busiest expert exceeds the mean by "
                + "{training.f32.max_vio:2} times the mean with the update and by {training.unbiased.max_vio:2} "
                + "without it. The losses, {training.f32.val_loss:3} and {training.unbiased.val_loss:3}, differ "
                + "by {training.bias_gap:2}"
                + (Math.abs(gap) < SMALL ? ": balance was not bought with quality." : "."));
    }

    private static LineChart balanceChart(TrainedModel model) {
        LineChart chart = new LineChart("Balance of the run", "step", "MaxVio");
        List<StepMetrics> steps = model.whole();
        int layers = steps.getFirst().layerMaxVio().size();
        if (layers == 0) {
            Thinned mean = Thinned.of(steps, POINTS, StepMetrics::maxVio);
            return chart.curve("mean of the layers", mean.x(), mean.y());
        }
        int dense = model.model().config().firstKDenseReplace();
        for (int l : IntStream.range(0, layers).toArray()) {
            Thinned layer = Thinned.of(steps, POINTS / 2, m -> m.layerMaxVio().get(l));
            chart.curve("layer " + (dense + l), layer.x(), layer.y());
        }
        return chart;
    }

    private static LineChart beside(
            String title, String y, Course first, Course second, ToDoubleFunction<StepMetrics> value) {
        Thinned a = Thinned.of(first.steps(), POINTS, value);
        Thinned b = Thinned.of(second.steps(), POINTS, value);
        return new LineChart(title, "step", y)
                .curve(first.label(), a.x(), a.y())
                .dashed(second.label(), b.x(), b.y());
    }

    private static void precision(Lesson lesson, Results results) {
        Figures f = lesson.figures();
        lesson.heading("The same in eight bits");
        lesson.text("DeepSeek-V3 computes the three products of every projection and expert (forward, gradient of "
                + "the input, gradient of the weight) from operands of $8$ bits, E4M3 everywhere, with a scale "
                + "for each tile of 1x128 inputs or gradients and for each block of 128x128 weights. Weights, "
                + "sums and the optimizer stay wide. `eva train --precision fp8` does the same; here beside F32, "
                + "step by step. [DeepSeek-V3, arXiv:2412.19437, section 3.3]");
        courseTable(lesson, "F32 and FP8", List.of(results.float32(), results.fp8()));
        lesson.picture(
                "training-fp8",
                beside("Loss in F32 and in FP8", "nats a token", results.float32(), results.fp8(), StepMetrics::loss),
                "The same weights at the start, the same batches. Look for a place where the curves part: that "
                        + "would be a training that $8$ bits disturb.");
        f.put("training.fp8.gap", results.fp8Gap(), "%");
        f.put(
                "training.fp8.time_ratio",
                results.fp8().stepTime().median() / results.float32().stepTime().median(),
                "x");
        lesson.finding("On held-out text the loss with FP8 differs from F32's by {training.fp8.gap:2}; "
                + "{training.fp8.skipped} steps were skipped. A step took {training.fp8.time_ratio:2} the time of "
                + "F32's. That is not what FP8 is for: Eva rounds to $8$ bits, to learn what they cost, and "
                + "multiplies in F32. A processor that multiplies $8$ bit numbers themselves does so twice as "
                + "fast as $16$ bit ones.");
    }

    private static void courseTable(Lesson lesson, String caption, List<Course> courses) {
        Figures f = lesson.figures();
        DataTable table = DataTable.of(
                caption + ": trained in turn, a step each; on held-out text after the last. Times are medians of "
                        + "the second half of the steps.",
                "",
                "steps",
                "loss, nats",
                "MaxVio, mean of layers",
                "balance score, worst layer",
                "skipped",
                "ms a step");
        for (Course c : courses) {
            String at = "training." + c.id() + ".";
            if (!f.all().containsKey(at + "steps")) {
                f.put(at + "steps", c.steps().size());
                f.put(at + "val_loss", c.validation());
                f.put(at + "max_vio", c.maxVio());
                f.put(at + "balance", c.balanceScore());
                f.put(at + "skipped", c.skipped());
                f.put(at + "step_time", 1e3 * c.stepTime().median(), "ms");
            }
            table = table.row(
                    c.label(),
                    "{" + at + "steps}",
                    "{" + at + "val_loss:4}",
                    "{" + at + "max_vio:2}",
                    "{" + at + "balance:3}",
                    "{" + at + "skipped}",
                    "{=" + at + "step_time:0}");
        }
        lesson.table(table);
    }
}
