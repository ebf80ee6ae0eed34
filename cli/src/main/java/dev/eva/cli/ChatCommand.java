package dev.eva.cli;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.model.generate.Chat;
import dev.eva.model.generate.Sampling;
import dev.eva.model.text.TextException;
import dev.eva.model.text.Tokenizer;
import dev.eva.model.text.Tokenizers;
import dev.eva.model.train.RunFolder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A conversation in the terminal: a line in, a reply out, until the input ends. */
@Command(
        name = "chat",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        sortOptions = false,
        header = "Talks with a model, line by line.%n",
        footer = {
            "",
            "/reset forgets the conversation, /exit or Ctrl-D ends it; a line that ends in \\ goes on in the next one.",
            "Written as DeepSeek-V3 writes conversations where the tokenizer has its tokens, else as DeepSeek-V2 does.",
            "",
            "Examples:",
            "  eva chat DeepSeek-V2-Lite-Chat --system 'You answer in one sentence.'",
            "  eva chat my-model --temperature 0.7 --top-p 0.9",
            "  echo 'Why is the sky blue?' | eva chat my-model --max-tokens 100"
        })
final class ChatCommand implements Runnable {
    private static final String PROMPT = "> ";

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "CHECKPOINT", description = "A checkpoint folder, or a run.")
    private Path model;

    @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told beforehand.")
    private String system;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Tokens of a reply at most (${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0.6",
            description = "Divides the logits; 0 always takes the likeliest (${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "0.95",
            description = "Only the likeliest that together have probability P (${DEFAULT-VALUE}).")
    private double topP;

    @Mixin
    private SamplingOptions options;

    @Mixin
    private DeviceOption device;

    @Override
    public void run() {
        device.apply();
        Sampling sampling = options.sampling(maxTokens, temperature, topP);
        Path checkpoint = RunFolder.checkpointOf(model);
        Tokenizer tokenizer = Tokenizers.load(GenerateCommand.folderOfTokenizer(checkpoint));
        try (MappedModel mapped = Checkpoint.open(checkpoint)) {
            converse(chat(checkpoint, mapped.model(), tokenizer, sampling));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Chat chat(Path checkpoint, DeepSeekModel loaded, Tokenizer tokenizer, Sampling sampling) {
        SamplingOptions.checkVocabulary(checkpoint, tokenizer, loaded);
        Chat chat = new Chat(loaded, tokenizer, Optional.ofNullable(system), sampling, options.random());
        err().println("checkpoint: " + checkpoint + ", context of " + chat.context() + " tokens; /reset, /exit");
        return chat;
    }

    private PrintWriter err() {
        return spec.commandLine().getErr();
    }

    private void converse(Chat chat) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = read(in); line != null; line = read(in)) {
            switch (line.strip()) {
                case "" -> {}
                case "/exit", "/quit" -> {
                    return;
                }
                case "/reset" -> {
                    chat.reset();
                    err().println("forgotten");
                }
                case String other
                when other.matches("/\\w+") ->
                    err().println("unknown command " + other + "; there are /reset and /exit");
                default -> reply(chat, line);
            }
        }
    }

    /** A line, or several of which all but the last end in a backslash; null at the end of the input. */
    private String read(BufferedReader in) throws IOException {
        err().print(PROMPT);
        err().flush();
        String line = in.readLine();
        StringBuilder whole = new StringBuilder();
        while (line != null && line.endsWith("\\")) {
            whole.append(line, 0, line.length() - 1).append('\n');
            line = in.readLine();
        }
        if (line == null && whole.isEmpty()) {
            err().println();
            return null;
        }
        return whole.append(line == null ? "" : line).toString();
    }

    private void reply(Chat chat, String text) {
        PrintWriter out = spec.commandLine().getOut();
        Chat.Reply reply;
        try {
            reply = chat.say(text, maxTokens, piece -> {
                out.print(piece);
                out.flush();
                return !out.checkError();
            });
        } catch (TextException | IllegalArgumentException e) {
            // The line is not taken; the conversation goes on.
            err().println(Failure.message(e));
            return;
        }
        out.println();
        out.flush();
        err().println(summary(chat, reply));
    }

    private static String summary(Chat chat, Chat.Reply r) {
        String end = switch (r.end()) {
            case DONE, STOPPED -> "";
            case MAX_TOKENS -> "; cut at --max-tokens";
            case CONTEXT_FULL -> "; cut, the context is full: /reset, or say more and the oldest turns are forgotten";
        };
        return String.format(
                Locale.ROOT,
                "[%,d tokens in %.2f s, %,d tokens at %,.0f tokens/s, %,d of %,d in the context%s%s]",
                r.taken(),
                r.prefillSeconds(),
                r.tokens(),
                r.tokens() > 1 ? (r.tokens() - 1) / r.decodeSeconds() : 0.0,
                chat.position(),
                chat.context(),
                r.forgotten() == 0 ? "" : "; the oldest " + r.forgotten() + " turns are forgotten",
                end);
    }
}
