package dev.eva.bench;

import dev.eva.measure.model.Inference;
import dev.eva.measure.model.TrainingStep;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.tensor.Parallel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/**
 * Eva's side of {@link Beside}: {@code train PRESET BATCHxLENGTH EXPERTS} (0: the preset's own) answers
 * {@code step N} with seconds; {@code open CHECKPOINT} and {@code random PRESET EXPERTS POSITIONS} answer
 * {@code prefill TOKENS N}, {@code extend FROM TO} and {@code decode CONTEXT TOKENS N}.
 */
final class EvaWorker {
    private EvaWorker() {}

    public static void main(String[] args) throws IOException {
        Parallel.setThreads(Beside.THREADS);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        if (args[0].equals("train")) {
            String[] size = args[2].split("x");
            TrainingStep step = new TrainingStep(
                    TrainStep.config(args[1], Integer.parseInt(args[3]), 0),
                    Integer.parseInt(size[0]),
                    Integer.parseInt(size[1]));
            System.out.println("ready");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                answer(Integer.parseInt(line.split(" ")[1]), () -> seconds(step::next));
            }
            return;
        }
        Inference inference = new Inference(model(args));
        System.out.println("ready");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            int first = Integer.parseInt(words[1]);
            if (words[0].equals("prefill")) {
                answer(Integer.parseInt(words[2]), () -> inference.prefill(first));
            } else if (words[0].equals("extend")) {
                answer(1, () -> inference.prefill(first, Integer.parseInt(words[2])));
            } else {
                int tokens = Integer.parseInt(words[2]);
                answer(Integer.parseInt(words[3]), () -> inference.decode(first, tokens));
            }
        }
    }

    private static DeepSeekModel model(String... args) {
        if (args[0].equals("open")) {
            return Checkpoint.open(Path.of(args[1])).model();
        }
        DeepSeekConfig config = TrainStep.config(args[1], Integer.parseInt(args[2]), Integer.parseInt(args[3]));
        return DeepSeekModel.random(config, new SplittableRandom(1));
    }

    private static double seconds(Runnable run) {
        long start = System.nanoTime();
        run.run();
        return (System.nanoTime() - start) * 1e-9;
    }

    private static void answer(int n, DoubleSupplier sample) {
        double[] seconds = DoubleStream.generate(sample).limit(n).toArray();
        System.out.println(Arrays.stream(seconds).mapToObj(Double::toString).collect(Collectors.joining(" ")));
    }
}
