package dev.eva.cli;

import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.GenerationConfig;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.model.generate.CacheFormat;
import dev.eva.model.generate.Decoder;
import dev.eva.model.generate.Generator;
import dev.eva.model.generate.Sampling;
import dev.eva.model.text.Tokenizer;
import dev.eva.model.text.Tokenizers;
import dev.eva.model.train.RunFolder;
import dev.eva.tensor.kernel.ColdStart;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
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
            "  eva generate runs/plays/checkpoints/step-000400 --prompt ROMEO: --seed 7",
            "  eva generate my-model --prompt-file questions.txt --stop User: --json",
            "  eva generate runs/mtp --prompt ROMEO: --speculative --temperature 0"
        })
final class GenerateCommand implements Runnable {
    /** Multiply-adds of a short prompt in a small model; a tenth of a second of scalar loops at most. */
    private static final long COLD_START = 1 << 26;

    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "RUN|CHECKPOINT",
            description = "A run, which means its best checkpoint, or a checkpoint folder (the newest of runs/).")
    private Path model;

    @Mixin
    private PromptOptions prompts;

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

    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description = "Ends the text where it would come; may be given several times.")
    private List<String> stops = new ArrayList<>();

    @Option(names = "--ignore-eos", description = "Goes on after a token that ends a text.")
    private boolean ignoreEos;

    @Option(
            names = "--speculative",
            description = "Multi-token prediction proposes tokens, the model confirms several at a time: the same "
                    + "greedy text, draws from the same distribution. For models trained with --mtp.")
    private boolean speculative;

    @Option(
            names = "--prefill-chunk",
            paramLabel = "N",
            defaultValue = "" + Decoder.CHUNK,
            description = "Tokens of a prompt that go through the model at once (${DEFAULT-VALUE}).")
    private int prefillChunk;

    @Option(
            names = "--w8a8",
            description = "Rounds what FP8 weights are multiplied with to FP8, too, as DeepSeek-V3's kernels do.")
    private boolean w8a8;

    @Option(
            names = "--cache",
            paramLabel = "f32|fp8",
            defaultValue = "f32",
            description = "How latents of tokens read are kept; fp8: E4M3, a scale for each 128 (${DEFAULT-VALUE}).")
    private CacheFormat cache;

    @Option(names = "--json", description = "A JSON object a prompt, a line each, in place of the text.")
    private boolean json;

    @Mixin
    private SamplingOptions options;

    @Mixin
    private DeviceOption device;

    @Override
    public void run() {
        device.apply();
        List<String> texts = prompts.all();
        Sampling sampling = options.sampling(maxTokens, temperature, topP);
        if (prefillChunk < 1) {
            throw new ParameterException(spec.commandLine(), "--prefill-chunk: " + prefillChunk + "; need at least 1");
        }
        if (stops.contains("")) {
            throw new ParameterException(spec.commandLine(), "--stop is empty; need at least one character");
        }
        Path checkpoint = RunFolder.checkpointOf(model == null ? newestRun() : model);
        Tokenizer tokenizer = Tokenizers.load(folderOfTokenizer(checkpoint));
        ColdStart.allow(COLD_START);
        try (MappedModel mapped = w8a8 ? Checkpoint.openW8a8(checkpoint) : Checkpoint.open(checkpoint)) {
            SamplingOptions.checkVocabulary(checkpoint, tokenizer, mapped.model());
            Generator generator = new Generator(mapped.model(), sampling, generatorOptions(checkpoint, tokenizer));
            spec.commandLine().getErr().println("checkpoint: " + checkpoint);
            generate(generator, tokenizer, texts);
            spec.commandLine()
                    .getErr()
                    .println("cache: " + generator.cacheBytesAToken() + " bytes a token ("
                            + cache.name().toLowerCase(Locale.ROOT) + ")");
        }
    }

    private Generator.Options generatorOptions(Path checkpoint, Tokenizer tokenizer) {
        Set<Integer> ends = new TreeSet<>();
        if (!ignoreEos) {
            ends.addAll(GenerationConfig.endIds(checkpoint));
            int[] end = tokenizer.special().end().map(tokenizer::encode).orElse(new int[0]);
            if (end.length == 1) {
                ends.add(end[0]);
            }
        }
        return new Generator.Options(ends, speculative, prefillChunk, cache);
    }

    /** One text is shown as it comes, several one after the other when all are there. */
    private void generate(Generator generator, Tokenizer tokenizer, List<String> texts) {
        PrintWriter out = spec.commandLine().getOut();
        boolean live = texts.size() == 1 && !json;
        List<GeneratedText> written = texts.stream()
                .map(t -> new GeneratedText(t, tokenizer.decoder(), stops))
                .toList();
        if (live) {
            out.print(texts.getFirst());
            out.flush();
        }
        List<Generator.Result> results = generator.generate(
                texts.stream().map(tokenizer::encodePrompt).toList(), maxTokens, options::random, (i, id) -> {
                    String more = written.get(i).accept(id);
                    if (live) {
                        out.print(more);
                        out.flush();
                    }
                    return !written.get(i).stopped() && !out.checkError();
                });
        for (int i = 0; i < texts.size(); i++) {
            GeneratedText text = written.get(i);
            String rest = text.end();
            if (json) {
                out.println(text.json(results.get(i)));
            } else {
                out.println(live ? rest : text.prompt() + text.text());
            }
        }
        out.flush();
        spec.commandLine().getErr().println(summary(results));
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

    private static String summary(List<Generator.Result> results) {
        Generator.Result first = results.getFirst();
        int tokens = results.stream().mapToInt(Generator.Result::tokens).sum();
        int windows = results.stream().mapToInt(Generator.Result::windows).sum();
        int proposed = results.stream().mapToInt(Generator.Result::proposed).sum();
        int accepted = results.stream().mapToInt(Generator.Result::accepted).sum();
        // Prompts that went together share their times.
        double prefill = 0;
        double decode = 0;
        Generator.Result before = null;
        for (Generator.Result r : results) {
            boolean shared = before != null && before.decodeSeconds() == r.decodeSeconds();
            prefill += shared ? 0 : r.prefillSeconds();
            decode += shared ? 0 : r.decodeSeconds();
            before = r;
        }
        String end = results.size() > 1
                ? ""
                : switch (first.end()) {
                    case MAX_TOKENS -> "";
                    case END_OF_TEXT -> ", the text has ended";
                    case STOPPED -> ", stopped";
                };
        return String.format(
                Locale.ROOT,
                "%,d prompt tokens in %.2f s, %,d tokens at %,.0f tokens/s%s%s%s",
                results.stream().mapToInt(Generator.Result::promptTokens).sum(),
                prefill,
                tokens,
                tokens > results.size() ? (tokens - results.size()) / decode : 0,
                end,
                proposed == 0
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                "; %,d of %,d proposed tokens accepted (%.0f %%)",
                                accepted,
                                proposed,
                                100.0 * accepted / proposed),
                windows == 0 ? "" : "; the context was full " + windows + " times, the text went on from its half");
    }
}
