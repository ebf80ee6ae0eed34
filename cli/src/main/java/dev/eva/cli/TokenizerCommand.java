package dev.eva.cli;

import dev.eva.model.checkpoint.AtomicFile;
import dev.eva.model.text.Corpus;
import dev.eva.model.text.TextException;
import dev.eva.model.text.Tokenizer;
import dev.eva.model.text.Tokenizers;
import dev.eva.model.text.WordPieces;
import dev.eva.model.text.bpe.BpeTokenizer;
import dev.eva.model.text.bpe.BpeTrainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tokenizers: trained, tried, looked at. */
@Command(
        name = "tokenizer",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        synopsisSubcommandLabel = "train|encode|info",
        header = "Trains a tokenizer, or shows what one does.%n",
        footer = {
            "",
            "Examples:",
            "  eva tokenizer train --vocab-size 4096 mytexts/ --out mine.json",
            "  eva tokenizer encode mine.json \"To be, or not to be\"",
            "  eva train --data mytexts/ --tokenizer mine.json"
        })
final class TokenizerCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    /** Without a subcommand: the help. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    @Command(
            name = "train",
            mixinStandardHelpOptions = true,
            versionProvider = Eva.Version.class,
            header = "Trains a byte-level BPE on text.%n",
            footer = {
                "",
                "The file is a tokenizer.json that Hugging Face's tokenizers load; the same text gives the same file.",
                "",
                "Examples:",
                "  eva tokenizer train --vocab-size 4096 mytexts/ notes.jsonl",
                "  eva tokenizer train --vocab-size 1024 shakespeare --out plays.json"
            })
    int train(
            @Option(
                            names = "--vocab-size",
                            paramLabel = "N",
                            required = true,
                            description = "Tokens, the 256 bytes among them.")
                    int vocabSize,
            @Option(
                            names = "--out",
                            paramLabel = "FILE",
                            defaultValue = Tokenizers.FILE,
                            description = "Where to write it, if nothing is there (${DEFAULT-VALUE}).")
                    Path out,
            @Option(names = "--force", description = "Replace what is there.") boolean force,
            @Parameters(
                            arity = "1..*",
                            paramLabel = "TEXT",
                            description = "Files, folders, .jsonl with a text field, or shakespeare, or jdk.")
                    List<String> texts)
            throws IOException {
        CommandLine line = spec.subcommands().get("train");
        try {
            BpeTrainer.checkVocabSize(vocabSize);
        } catch (TextException e) {
            throw new ParameterException(line, "--vocab-size: " + e.getMessage(), e);
        }
        Path file = Files.isDirectory(out) ? out.resolve(Tokenizers.FILE) : out;
        if (Files.exists(file) && !force) {
            throw new ParameterException(line, "--out " + file + ": exists already; choose another, or add --force");
        }
        PrintWriter err = line.getErr();
        Corpus corpus = Corpus.of(texts);
        corpus.notices().forEach(err::println);
        BpeProgress progress = new BpeProgress(err);
        BpeTokenizer tokenizer = BpeTrainer.train(corpus, vocabSize, progress);
        progress.done();
        AtomicFile.write(file, tokenizer.json());
        if (tokenizer.vocabSize() < vocabSize) {
            err.printf(
                    Locale.ROOT,
                    "%s has pairs that occur twice for %,d tokens only, not for %,d%n",
                    corpus.name(),
                    tokenizer.vocabSize(),
                    vocabSize);
        }
        line.getOut().printf(Locale.ROOT, "%s: %,d tokens%n", file, tokenizer.vocabSize());
        return 0;
    }

    @Command(
            name = "encode",
            mixinStandardHelpOptions = true,
            versionProvider = Eva.Version.class,
            header = "Shows the tokens of a text.%n",
            footer = {
                "",
                "Examples:",
                "  eva tokenizer encode runs/shakespeare ROMEO:",
                "  eva tokenizer encode tokenizer.json \"To be\" --ids"
            })
    int encode(
            @Parameters(paramLabel = "TOKENIZER", description = "A tokenizer.json, or a folder with one.") Path file,
            @Parameters(arity = "0..1", paramLabel = "TEXT", description = "The text.") String given,
            @Option(names = "--file", paramLabel = "FILE", description = "The text of this file.") Path textFile,
            @Option(names = "--ids", description = "The ids alone, in one line.") boolean idsAlone)
            throws IOException {
        if ((given == null) == (textFile == null)) {
            throw new ParameterException(spec.subcommands().get("encode"), "need a TEXT or a --file, one of them");
        }
        Tokenizer tokenizer = Tokenizers.load(file);
        String text = given == null ? Files.readString(textFile) : given;
        int[] ids = tokenizer.encode(text);
        PrintWriter out = spec.commandLine().getOut();
        if (idsAlone) {
            out.println(Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
            return 0;
        }
        for (int id : ids) {
            out.printf(Locale.ROOT, "%7d  %s%n", id, visible(tokenizer.decode(id)));
        }
        out.printf(Locale.ROOT, "%,d tokens for %,d characters%n", ids.length, text.codePointCount(0, text.length()));
        return 0;
    }

    private static String visible(String text) {
        return "\""
                + text.replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("\n", "\\n")
                        .replace("\r", "\\r")
                        .replace("\t", "\\t")
                + "\"";
    }

    @Command(
            name = "info",
            mixinStandardHelpOptions = true,
            versionProvider = Eva.Version.class,
            header = "Says what a tokenizer is and how long texts become.%n",
            footer = {"", "Examples:", "  eva tokenizer info tokenizer.json", "  eva tokenizer info mine.json mytexts/"
            })
    int info(
            @Parameters(paramLabel = "TOKENIZER", description = "A tokenizer.json, or a folder with one.") Path file,
            @Parameters(arity = "0..*", paramLabel = "TEXT", description = "Text to count in tokens, as for train.")
                    List<String> texts) {
        Tokenizer tokenizer = Tokenizers.load(file);
        PrintWriter out = spec.commandLine().getOut();
        out.println("kind       " + tokenizer.type());
        out.printf(Locale.ROOT, "ids        %,d%n", tokenizer.vocabSize());
        if (tokenizer instanceof BpeTokenizer bpe) {
            out.printf(Locale.ROOT, "merges     %,d%n", bpe.merges());
        }
        if (texts != null && !texts.isEmpty()) {
            long[] counts = new long[2];
            long begin = System.nanoTime();
            WordPieces.read(Corpus.of(texts), piece -> {
                counts[0] += piece.getBytes(StandardCharsets.UTF_8).length;
                counts[1] += tokenizer.encode(piece).length;
            });
            double seconds = (System.nanoTime() - begin) * 1e-9;
            out.printf(
                    Locale.ROOT,
                    "text       %,d bytes, %,d tokens: %.2f bytes a token, %.1f MB/s%n",
                    counts[0],
                    counts[1],
                    counts[0] / Math.max(1.0, counts[1]),
                    counts[0] / seconds * 1e-6);
        }
        return 0;
    }
}
