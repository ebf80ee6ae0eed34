package dev.eva.model.train;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.text.Corpus;
import dev.eva.model.text.CorpusScan;
import dev.eva.model.text.TokenFile;
import dev.eva.model.text.Tokenizer;
import dev.eva.tensor.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The part of a text that is held out, for comparing checkpoints: the last share of it, as in training. */
public final class ValidationText implements AutoCloseable {
    /** Share of a text that was given for the purpose. */
    private static final double ALL = 0;
    /** Tokens of a window at most, and of a batch. */
    private static final int LONGEST = 1024;

    private final Path folder;
    private final TokenFile tokens;
    private final double share;

    private ValidationText(Path folder, TokenFile tokens, double share) {
        this.folder = folder;
        this.tokens = tokens;
        this.share = share;
    }

    /**
     * What a run holds out; nothing if {@code path} is no run, or a run without.
     *
     * @param tokenizer of the run
     */
    public static Optional<ValidationText> ofRun(Path path, Tokenizer tokenizer) {
        Path file = path.resolve("train.json");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        RunSettings settings = RunSettings.read(file);
        double share = settings.train().validation();
        return share == 0 ? Optional.empty() : Optional.of(open(Corpus.of(settings.data()), tokenizer, share));
    }

    /** The whole of a text. */
    public static ValidationText of(Corpus corpus, Tokenizer tokenizer) {
        return open(corpus, tokenizer, ALL);
    }

    private static ValidationText open(Corpus corpus, Tokenizer tokenizer, double share) {
        try {
            Path folder = Files.createTempDirectory("eva-tokens");
            TokenFile tokens = TokenFile.open(folder.resolve("tokens.bin"), corpus, CorpusScan.of(corpus), tokenizer);
            return new ValidationText(folder, tokens, share);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Mean loss of a model over the text, in nats a token. */
    public double loss(DeepSeekModel model) {
        double most = (double) TrainingRun.MAX_VALIDATION / tokens.size();
        var text = share == ALL
                ? most >= 1 ? tokens.all() : tokens.split(most).validation()
                : tokens.split(Math.min(share, most)).validation();
        int length = Math.min(model.config().maxPositionEmbeddings(), LONGEST);
        return new Evaluation(text, LONGEST / length, length).loss(model, new Workspace());
    }

    @Override
    public void close() {
        tokens.close();
        try {
            Files.deleteIfExists(folder.resolve("tokens.bin"));
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
