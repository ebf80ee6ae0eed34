package dev.eva.measure.model;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.Presets;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.DeviceTimed;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * The other end of {@link ModelProcess}: trains or runs a model with random weights with whatever kernels its process
 * was started with. Reads a request a line and answers with a line:
 *
 * <ul>
 *   <li>{@code train 12 64}: seconds of a step of 12 sequences of 64 tokens, and the loss before it
 *   <li>{@code prefill 512}, {@code decode 64}: seconds, and the largest logit behind the last token
 *   <li>{@code transfers train 12 64}, and so on: seconds, and those of them that arrays travelled to a device and back
 * </ul>
 *
 * <p>A model is made with the first request that needs it and kept, one for each size of batch.
 */
public final class ModelWorker {
    /** Before another request: asks for the time of transfers. */
    static final String TRANSFERS = "transfers";

    /** Arguments: preset, threads. */
    private static final int ARGUMENTS = 2;

    private final DeepSeekConfig config;
    private final java.util.Map<String, TrainingStep> training = new java.util.HashMap<>();
    private Inference inference;

    private ModelWorker(DeepSeekConfig config) {
        this.config = config;
    }

    /**
     * Answers requests until there are no more.
     *
     * @param args preset and number of threads
     */
    public static void serve(BufferedReader requests, PrintWriter answers, String... args) throws IOException {
        if (args.length != ARGUMENTS) {
            throw new IllegalArgumentException("model worker: " + args.length + " arguments; need preset and threads");
        }
        Parallel.setThreads(Integer.parseInt(args[1]));
        ModelWorker worker = new ModelWorker(Presets.byName(args[0]));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            answers.println(worker.answer(line.split(" ")));
            answers.flush();
        }
    }

    private String answer(String... request) {
        return switch (request[0]) {
            case "train" -> train(Integer.parseInt(request[1]), Integer.parseInt(request[2]));
            case "prefill" -> infer(i -> i.prefill(Integer.parseInt(request[1])));
            case "decode" -> infer(i -> i.decode(Integer.parseInt(request[1])));
            case TRANSFERS -> transfers(Arrays.copyOfRange(request, 1, request.length));
            default -> throw new IllegalArgumentException("model worker: request " + request[0]);
        };
    }

    /** Products alone are counted: networks share their clock, and what else a device does is no part of a model. */
    private String transfers(String... request) {
        if (!(Kernels.find(Gemm.class, Gemm.REFERENCE) instanceof DeviceTimed device)) {
            return line(Double.parseDouble(answer(request).split(" ")[0]), 0);
        }
        device.transferSeconds();
        String answer = answer(request);
        float transfers = (float) device.transferSeconds();
        device.stopTiming();
        return line(Double.parseDouble(answer.split(" ")[0]), transfers);
    }

    private String train(int batch, int length) {
        TrainingStep step =
                training.computeIfAbsent(batch + "x" + length, k -> new TrainingStep(config, batch, length));
        long start = System.nanoTime();
        float loss = step.next();
        return line((System.nanoTime() - start) * 1e-9, loss);
    }

    private String infer(Function<Inference, Double> what) {
        if (inference == null) {
            inference = new Inference(DeepSeekModel.random(config, new SplittableRandom(1)));
        }
        double seconds = what.apply(inference);
        float max = Float.NEGATIVE_INFINITY;
        for (float x : inference.logits()) {
            max = Math.max(max, x);
        }
        return line(seconds, max);
    }

    private static String line(double seconds, float checked) {
        return String.format(Locale.ROOT, "%.9f %s", seconds, checked);
    }
}
