package dev.eva.cli;

import dev.eva.model.train.Budget;
import dev.eva.model.train.RoundingMetrics;
import dev.eva.model.train.RunFolder;
import dev.eva.model.train.StepMetrics;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.TrainListener;
import dev.eva.model.train.TrainerState;
import dev.eva.model.train.TrainingRun;
import dev.eva.tensor.kernel.Kernels;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Shows a run: one line that changes on a terminal, else a line now and then. What matters stays in a line of its own.
 */
final class TrainProgress implements TrainListener {
    /** Weight of the newest step in the shown loss. */
    private static final double SMOOTHING = 0.05;

    private static final long LIVE_NANOS = 100_000_000L;
    private static final long PLAIN_NANOS = 5_000_000_000L;
    private static final String CLEAR = "\r\033[K";

    private final TrainingRun run;
    private final Optional<Budget> further;
    private final PrintWriter out;
    private final boolean live = System.console() != null && System.console().isTerminal();
    private long shown;
    private double loss = Double.NaN;
    private double speed = Double.NaN;
    private double valLoss = Double.NaN;
    private long firstStep;
    private double firstSeconds;
    private long firstTokens;

    TrainProgress(TrainingRun run, Optional<Budget> further, PrintWriter out) {
        this.run = run;
        this.further = further;
        this.out = out;
    }

    @Override
    public void started(RunFolder folder, TrainerState state) {
        firstStep = state.step();
        firstSeconds = state.seconds();
        firstTokens = state.tokens();
        TrainConfig c = run.trainer().config();
        out.println(Kernels.summary());
        out.printf(
                Locale.ROOT,
                "text: %s, %,d tokens to train on and %,d held out; %s, vocabulary %d%n",
                String.join(" ", run.settings().data()),
                run.text().training().size(),
                run.text().validation().size(),
                run.tokenizer().type(),
                run.tokenizer().vocabSize());
        out.printf(
                Locale.ROOT,
                "model: %s, %,d parameters; %s, %s%d x %d tokens a step%n",
                run.settings().name(),
                run.trainer().parameterCount(),
                c.optimizer().type(),
                c.batching().sequences(0) == c.batching().batchSize()
                        ? ""
                        : c.batching().sequences(0) * c.batching().accumulation() + " to ",
                c.batching().batchSize() * c.batching().accumulation(),
                c.batching().length());
        if (run.ranks() > 1) {
            out.printf(
                    Locale.ROOT,
                    "ranks: %d processes, %d of the %d batches of a step each, %.1f MiB of gradients%n",
                    run.ranks(),
                    c.batching().each(run.ranks()),
                    c.batching().accumulation(),
                    run.trainer().parameterCount() * (double) Float.BYTES / (1 << 20));
        }
        out.println("run: " + folder.path() + (state.step() > 0 ? ", going on after step " + state.step() : ""));
        out.flush();
    }

    @Override
    public void step(StepMetrics m, TrainerState state) {
        if (!m.skipped()) {
            loss = Double.isNaN(loss) ? m.loss() : loss + SMOOTHING * (m.loss() - loss);
            speed = Double.isNaN(speed) ? m.tokensPerS() : speed + SMOOTHING * (m.tokensPerS() - speed);
        }
        worrying(m);
        long now = System.nanoTime();
        if (shown != 0 && now - shown < (live ? LIVE_NANOS : PLAIN_NANOS)) {
            return;
        }
        shown = now;
        String line = line(m, state);
        if (live) {
            out.print(CLEAR + line);
            out.flush();
        } else {
            out.println(line);
        }
    }

    /** What rounding to FP8 lost is in the metrics; here it is a line only where it may harm. */
    private void worrying(StepMetrics m) {
        List<RoundingMetrics> bad =
                m.fp8().stream().filter(RoundingMetrics::isWorrying).toList();
        bad.stream()
                .max(Comparator.comparingDouble(r -> r.overflow() + r.underflow()))
                .ifPresent(r -> line(String.format(
                        Locale.ROOT,
                        "step %d  fp8: of %s's %ss %.1f %% overflow, %.1f %% become zero%s; see metrics.jsonl",
                        m.step(),
                        r.part(),
                        r.kind(),
                        100 * r.overflow(),
                        100 * r.underflow(),
                        bad.size() > 1 ? ", and so in " + (bad.size() - 1) + " more places" : "")));
    }

    private String line(StepMetrics m, TrainerState state) {
        long last = lastStep(state);
        String of = last > 0 ? "/" + last : "";
        String val = Double.isNaN(valLoss) ? "" : String.format(Locale.ROOT, "  val %.4f", valLoss);
        return String.format(
                Locale.ROOT,
                "step %d%s  loss %.4f%s  %,.0f tokens/s  MaxVio %.2f%s",
                m.step(),
                of,
                loss,
                val,
                speed,
                m.maxVio(),
                left(state, last));
    }

    /** The step at which it ends, 0 if that is not known. */
    private long lastStep(TrainerState state) {
        return further.map(b -> switch (b) {
                    case Budget.Steps s -> firstStep + s.steps();
                    case Budget.Minutes m -> 0L;
                })
                .orElse(state.totalSteps());
    }

    private String left(TrainerState state, long last) {
        double spent = state.seconds() - firstSeconds;
        Budget budget = further.orElse(run.trainer().config().budget());
        double seconds = last > 0
                ? run.trainer().config().batching().tokens(state.tokens(), last - state.step())
                        * (spent / (state.tokens() - firstTokens))
                : budget instanceof Budget.Minutes m
                        ? 60 * m.minutes() - (further.isPresent() ? spent : state.seconds())
                        : 0;
        long s = Math.max(0, Math.round(seconds));
        return s >= 3600
                ? String.format(Locale.ROOT, "  %d:%02d:%02d left", s / 3600, s / 60 % 60, s % 60)
                : String.format(Locale.ROOT, "  %d:%02d left", s / 60, s % 60);
    }

    @Override
    public void evaluated(long step, double value, boolean best) {
        valLoss = value;
        line(String.format(
                Locale.ROOT, "step %d  validation loss %.4f%s", step, value, best ? ", the best so far" : ""));
    }

    @Override
    public void skipped(long step, double badLoss, double gradNorm, int inARow) {
        line("step " + step + "  skipped: loss " + badLoss + ", gradient norm " + gradNorm + " (" + inARow
                + " in a row)");
    }

    @Override
    public void decided(long totalSteps) {
        line("step " + run.trainer().state().step() + "  by the speed so far the time is enough for " + totalSteps
                + " steps");
    }

    @Override
    public void checkpoint(long step, Path path) {
        if (!live) {
            line("step " + step + "  saved " + path);
        }
    }

    @Override
    public void notice(String text) {
        line(text);
    }

    @Override
    public void finished(End end, TrainerState state) {
        line(String.format(
                Locale.ROOT,
                "%s after %d steps, %,d tokens, %.0f s of training",
                end == End.DONE ? "done" : "stopped",
                state.step(),
                state.tokens(),
                state.seconds()));
    }

    private void line(String text) {
        out.println((live ? CLEAR : "") + text);
        out.flush();
    }
}
