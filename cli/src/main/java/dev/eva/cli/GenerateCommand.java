package dev.eva.cli;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.model.generate.Generator;
import dev.eva.model.generate.Sampling;
import dev.eva.model.text.Tokenizer;
import dev.eva.model.text.Tokenizers;
import dev.eva.model.train.RunFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Continues a prompt, the text as it comes on standard output, everything else on standard error. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "Continues a text with a trained model.%n",
        footer = {
            "",
            "The text goes to standard output, figures to standard error. The same seed gives the same text.",
            "",
            "Examples:",
            "  eva generate --prompt ROMEO:",
            "  eva generate runs/plays --prompt 'KING HENRY:' --temperature 0.7 --max-tokens 1000",
            "  eva generate runs/plays/checkpoints/step-000400 --prompt ROMEO: --seed 7"
        })
final class GenerateCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "RUN|CHECKPOINT",
            description = "A run, which means its best checkpoint, or a checkpoint folder (the newest of runs/).")
    private Path model;

    @Option(names = "--prompt", paramLabel = "TEXT", required = true, description = "The text to continue.")
    private String prompt;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "500",
            description = "Tokens at most (${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0.8",
            description = "Divides the logits; 0 always takes the likeliest (${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            description = "Only the likeliest that together have probability P (${DEFAULT-VALUE}).")
    private double topP;

    @Mixin
    private SamplingOptions options;

    @Override
    public void run() {
        if (prompt.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "--prompt is empty; need at least one character");
        }
        Sampling sampling = options.sampling(maxTokens, temperature, topP);
        Path checkpoint = RunFolder.checkpointOf(model == null ? newestRun() : model);
        Tokenizer tokenizer = Tokenizers.load(folderOfTokenizer(checkpoint));
        try (MappedModel mapped = Checkpoint.open(checkpoint)) {
            generate(checkpoint, tokenizer, mapped.model(), sampling);
        }
    }

    private void generate(Path checkpoint, Tokenizer tokenizer, DeepSeekModel loaded, Sampling sampling) {
        SamplingOptions.checkVocabulary(checkpoint, tokenizer, loaded);
        int[] ids = tokenizer.encodePrompt(prompt);
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        err.println("checkpoint: " + checkpoint);
        out.print(prompt);
        out.flush();
        Tokenizer.StreamDecoder decoder = tokenizer.decoder();
        Generator.Result result = new Generator(loaded, sampling)
                .generate(
                        ids,
                        maxTokens,
                        options.random(),
                        id -> {
                            out.print(decoder.accept(id));
                            out.flush();
                            return !out.checkError();
                        });
        out.println(decoder.end());
        err.println(summary(result));
    }

    /** The run in {@code runs/} whose checkpoints changed last. */
    private Path newestRun() {
        Path runs = Path.of("runs");
        if (Files.isDirectory(runs)) {
            try (Stream<Path> all = Files.list(runs)) {
                Optional<Path> newest = all.filter(p -> Files.isDirectory(checkpoints(p)))
                        .max(Comparator.comparing(p -> checkpoints(p).toFile().lastModified()));
                if (newest.isPresent()) {
                    return newest.get();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        throw new ParameterException(
                spec.commandLine(), "no run in " + runs.toAbsolutePath() + "; name one, or make one with eva train");
    }

    private static Path checkpoints(Path run) {
        return run.resolve("checkpoints");
    }

    /** Checkpoints of a run share the tokenizer of the run, two folders above. */
    static Path folderOfTokenizer(Path checkpoint) {
        Path folder = (Files.isDirectory(checkpoint) ? checkpoint : checkpoint.resolveSibling("")).toAbsolutePath();
        if (!Files.exists(folder.resolve(Tokenizers.FILE)) && folder.getNameCount() > 2) {
            Path run = folder.getParent().getParent();
            return Files.exists(run.resolve(Tokenizers.FILE)) ? run : folder;
        }
        return folder;
    }

    private static String summary(Generator.Result r) {
        String end = switch (r.end()) {
            case MAX_TOKENS -> "";
            case STOPPED -> ", stopped";
        };
        double rate = r.tokens() > 1 ? (r.tokens() - 1) / r.decodeSeconds() : 0;
        return String.format(
                Locale.ROOT,
                "%,d prompt tokens in %.2f s, %,d tokens at %,.0f tokens/s%s%s",
                r.promptTokens(),
                r.prefillSeconds(),
                r.tokens(),
                rate,
                end,
                r.windows() == 0
                        ? ""
                        : "; the context was full " + r.windows() + " times, the text went on from its half");
    }
}
