package dev.eva.cli;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.generate.Sampling;
import dev.eva.model.text.Tokenizer;
import dev.eva.tensor.Parallel;
import java.nio.file.Path;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How the next token is drawn: the options that every command has that writes text. */
final class SamplingOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description = "Only the K likeliest; 0: all (${DEFAULT-VALUE}).")
    private int topK;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            defaultValue = "0",
            description = "Only those at least P times as likely as the likeliest (${DEFAULT-VALUE}).")
    private double minP;

    @Option(
            names = "--repetition-penalty",
            paramLabel = "R",
            defaultValue = "1",
            description = "Makes tokens that the text has already less likely; 1: no (${DEFAULT-VALUE}).")
    private double repetitionPenalty;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Of the draws (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--threads", paramLabel = "N", description = "Threads (one a core).")
    private Integer threads;

    /**
     * Checks the options and sets the threads; temperature and top-p are given, because commands differ in what is a
     * good default.
     */
    Sampling sampling(int maxTokens, double temperature, double topP) {
        if (maxTokens < 1) {
            throw new ParameterException(spec.commandLine(), "--max-tokens: " + maxTokens + "; need at least 1");
        }
        try {
            if (threads != null) {
                Parallel.setThreads(threads);
            }
            return new Sampling(temperature, topK, topP, minP, repetitionPenalty);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
        }
    }

    /** The draws that {@code --seed} stands for. */
    RandomGenerator random() {
        return random(0);
    }

    /** The draws of one of several prompts. */
    RandomGenerator random(int prompt) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed + prompt);
    }

    /** Refuses a tokenizer with ids that the model has no rows for. */
    static void checkVocabulary(Path checkpoint, Tokenizer tokenizer, DeepSeekModel model) {
        int vocab = model.config().vocabSize();
        if (tokenizer.vocabSize() > vocab) {
            throw new IllegalArgumentException(checkpoint + ": the tokenizer has " + tokenizer.vocabSize()
                    + " ids, the model a vocabulary of " + vocab + "; they do not belong together");
        }
    }
}
