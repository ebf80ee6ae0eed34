package dev.eva.cli;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.model.generate.Generator;
import dev.eva.model.generate.Sampling;
import dev.eva.model.text.Tokenizers;
import dev.eva.model.train.RunFolder;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints what a model computes, as JSON, for comparing with other programs. */
@Command(
        name = "logits",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "Prints the logits of a text and its likeliest continuation, as JSON.%n",
        footer = {
            "",
            "Keys: ids, logits (a row of the vocabulary for each id), greedy (the ids that follow).",
            "Numbers have as many digits as it takes to read the same float32 again.",
            "",
            "Examples:",
            "  eva logits plays-hf --ids 18,47,56,57 --max-tokens 16",
            "  eva logits runs/shakespeare --prompt ROMEO:"
        })
final class LogitsCommand implements Runnable {
    /** What the model reads. */
    private static final class Input {
        @Option(names = "--ids", paramLabel = "ID", split = ",", required = true, description = "Token ids.")
        private List<Integer> ids;

        @Option(names = "--prompt", paramLabel = "TEXT", required = true, description = "Text for the tokenizer.")
        private String prompt;
    }

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "RUN|CHECKPOINT",
            description = "A run, which means its best checkpoint, or a checkpoint folder.")
    private Path model;

    @ArgGroup(multiplicity = "1")
    private Input input;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "0",
            description = "Ids of the continuation (${DEFAULT-VALUE}).")
    private int maxTokens;

    @Mixin
    private DeviceOption device;

    @Override
    public void run() {
        device.apply();
        if (maxTokens < 0) {
            throw new ParameterException(spec.commandLine(), "--max-tokens: " + maxTokens + "; need 0 or more");
        }
        Path checkpoint = RunFolder.checkpointOf(model);
        int[] ids = input.ids != null
                ? input.ids.stream().mapToInt(Integer::intValue).toArray()
                : Tokenizers.load(GenerateCommand.folderOfTokenizer(checkpoint)).encode(input.prompt);
        if (ids.length == 0) {
            throw new ParameterException(spec.commandLine(), "no tokens; need at least one");
        }
        try (MappedModel mapped = Checkpoint.open(checkpoint)) {
            compute(mapped.model(), ids);
        }
    }

    private void compute(DeepSeekModel loaded, int[] ids) {
        int vocab = loaded.config().vocabSize();
        for (int id : ids) {
            if (id < 0 || id >= vocab) {
                throw new ParameterException(spec.commandLine(), "id " + id + "; the model has 0 to " + (vocab - 1));
            }
        }
        Tensor logits = loaded.forward(IntTensor.of(ids, 1, ids.length)).logits();
        List<Integer> greedy = new ArrayList<>();
        if (maxTokens > 0) {
            new Generator(loaded, Sampling.GREEDY).generate(ids, maxTokens, new SplittableRandom(0), greedy::add);
        }
        print(ids, logits, greedy);
    }

    private void print(int[] ids, Tensor logits, List<Integer> greedy) {
        PrintWriter out = spec.commandLine().getOut();
        out.print("{\"ids\": [");
        for (int i = 0; i < ids.length; i++) {
            out.print((i == 0 ? "" : ", ") + ids[i]);
        }
        out.print("],\n \"logits\": [");
        int vocab = logits.dim(1);
        for (int row = 0; row < ids.length; row++) {
            out.print(row == 0 ? "[" : ",\n  [");
            for (int v = 0; v < vocab; v++) {
                out.print((v == 0 ? "" : ", ") + finite(logits.array()[logits.offset() + row * vocab + v]));
            }
            out.print("]");
        }
        out.println("],\n \"greedy\": " + greedy + "}");
    }

    private static float finite(float x) {
        if (!Float.isFinite(x)) {
            throw new IllegalStateException("logits: a value is " + x + ", which JSON cannot express");
        }
        return x;
    }
}
