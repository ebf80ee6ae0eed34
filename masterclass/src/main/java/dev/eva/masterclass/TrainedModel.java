package dev.eva.masterclass;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.text.TokenRange;
import dev.eva.model.train.RunFolder;
import dev.eva.model.train.RunSample;
import dev.eva.model.train.StepMetrics;
import dev.eva.model.train.TrainingRun;
import dev.eva.moe.ExpertUsage;
import dev.eva.tensor.IntTensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A model that a run has trained, as it is after the last step, and what there is to say about it.
 *
 * @param run its folder
 * @param source the words that find its text again
 * @param tokenizer the type of its tokenizer
 * @param model float32, read from the run's newest checkpoint
 * @param parameters trained values
 * @param steps what the steps did
 * @param heldOut tokens of the text that it has not seen
 * @param usage of the experts of each layer over them
 * @param logits over the beginning of them
 * @param sameFromFile whether the weights in memory, written and read back, give the logits of the run's checkpoint
 * @param sample text that it writes
 * @param generated characters of it that are its own
 */
record TrainedModel(
        Path run,
        String source,
        String tokenizer,
        DeepSeekModel model,
        long parameters,
        List<StepMetrics> steps,
        long heldOut,
        List<ExpertUsage> usage,
        LogitRange logits,
        boolean sameFromFile,
        String sample,
        int generated) {
    private static final int BATCH = 4;

    /**
     * Looks at a run that has come to its end.
     *
     * @param looked held-out tokens to send through it, about
     */
    static TrainedModel of(TrainingRun run, long looked) {
        Path newest = run.checkpoints().getLast();
        DeepSeekModel model = Checkpoint.load(newest);
        TokenRange text = run.text().validation();
        int length = run.settings().train().batching().length();
        IntTensor ids = beginning(text, length);
        var logits = model.forward(ids).logits();
        String sample = RunSample.of(run);
        return new TrainedModel(
                run.folder().path(),
                String.join(" ", run.settings().data()),
                run.tokenizer().type(),
                model,
                run.trainer().parameterCount(),
                RunFolder.steps(run.folder().path()),
                text.size(),
                TextUsage.of(model, text, length, looked),
                LogitRange.of(logits),
                Arrays.equals(
                        logits.array(),
                        writtenAndRead(run.trainer().model())
                                .forward(ids)
                                .logits()
                                .array()),
                sample,
                sample.length() - RunSample.prompt(run).length());
    }

    private static IntTensor beginning(TokenRange text, int length) {
        int batch = (int) Math.min(BATCH, text.size() / length);
        int[] ids = new int[batch * length];
        text.read(0, ids.length, ids, 0);
        return IntTensor.of(ids, batch, length);
    }

    private static DeepSeekModel writtenAndRead(DeepSeekModel model) {
        try (Scratch scratch = Scratch.create()) {
            Checkpoint.save(model, scratch.folder());
            return Checkpoint.load(scratch.folder());
        }
    }

    /** The steps that changed something. */
    List<StepMetrics> whole() {
        return steps.stream()
                .filter(m -> !m.skipped() && Double.isFinite(m.loss()))
                .toList();
    }

    /** The step of the last evaluation, with its validation loss. */
    StepMetrics evaluated() {
        return steps.stream()
                .filter(m -> m.valLoss().isPresent())
                .reduce((a, b) -> b)
                .orElseThrow(() -> new IllegalArgumentException("--run: " + run
                        + " was never evaluated on held-out text; need a run that has come to its end"));
    }

    /** The largest variance of the shares of a layer's experts. */
    double variance() {
        return usage.stream().mapToDouble(ExpertUsage::variance).max().orElseThrow();
    }

    /** The largest MaxVio of a layer. */
    double maxVio() {
        return usage.stream().mapToDouble(ExpertUsage::maxVio).max().orElseThrow();
    }

    /** The balance score of the least balanced layer. */
    double balanceScore() {
        return usage.stream().mapToDouble(ExpertUsage::balanceScore).min().orElseThrow();
    }
}
