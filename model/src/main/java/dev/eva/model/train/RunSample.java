package dev.eva.model.train;

import dev.eva.model.generate.Generator;
import dev.eva.model.generate.Sampling;
import dev.eva.model.text.TextException;
import dev.eva.model.text.Tokenizer;
import java.util.random.RandomGeneratorFactory;

/** A taste of what a model has learnt. */
public final class RunSample {
    private static final int TOKENS = 400;
    private static final Sampling SAMPLING = new Sampling(0.8, 0, 1, 0);
    private static final String PLAY = "ROMEO:";

    private RunSample() {}

    /** Text that the run's model writes, the same for the same model. */
    public static String of(TrainingRun run) {
        Tokenizer tokenizer = run.tokenizer();
        String prompt = prompt(run);
        StringBuilder text = new StringBuilder(prompt);
        Tokenizer.StreamDecoder decoder = tokenizer.decoder();
        long seed = run.trainer().config().seed();
        int[] ids = tokenizer.encode(prompt);
        new Generator(run.trainer().model(), SAMPLING)
                .generate(
                        ids,
                        TOKENS,
                        RandomGeneratorFactory.of("L64X128MixRandom").create(seed),
                        id -> {
                            text.append(decoder.accept(id));
                            return true;
                        });
        return text.append(decoder.end()).toString();
    }

    /** A beginning that fits the text and that the tokenizer can express. */
    public static String prompt(TrainingRun run) {
        if (run.settings().data().contains("shakespeare")) {
            return PLAY;
        }
        try {
            run.tokenizer().encode("The");
            return "The";
        } catch (TextException e) {
            return run.tokenizer().decode(0);
        }
    }
}
