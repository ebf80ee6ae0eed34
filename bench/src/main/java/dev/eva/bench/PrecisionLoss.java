package dev.eva.bench;

import dev.eva.model.train.TrainListener;
import dev.eva.model.train.TrainingRun;
import dev.eva.report.LineChart;
import dev.eva.report.Panels;
import dev.eva.report.Picture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Training loss in FP8 beside float32, with the same data in the same order: smoothed training loss (EMA 0.9) and final
 * validation loss, and what a difference in the last bit and one of FP8's size grow to in float32.
 *
 * <p>{@code java @cli/src/main/resources/dev/eva/cli/jvm.options -cp bench/target/benchmarks.jar
 * dev.eva.bench.PrecisionLoss FOLDER [PRESET BATCH STEPS SEEDS VARIANTS]}, for example {@code runs/fp8 shakespeare 8
 * 240 1,2,3 fp32,fp8}. Makes the runs that {@code FOLDER} lacks ({@code fp32}, {@code fp32-ulp},
 * {@code fp32-rounded-once}, {@code fp8}, {@code fp8-grad-blocks}), then prints a table of all that are there and draws
 * them into {@code FOLDER/fp8-training.png}. Without a preset it looks at what is there.
 */
public final class PrecisionLoss {
    private static final double SMOOTHING = 0.9;

    /** What a run has written down. */
    private record Curve(double[] smooth, double validation, long skipped) {
        double last() {
            return smooth[smooth.length - 1];
        }

        static Curve read(Path run) throws IOException {
            List<Double> smooth = new ArrayList<>();
            double validation = Double.NaN;
            long skipped = 0;
            for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
                JsonNode m = JsonMapper.shared().readTree(line);
                double loss = m.get("loss").doubleValue();
                smooth.add(smooth.isEmpty() ? loss : SMOOTHING * smooth.getLast() + (1 - SMOOTHING) * loss);
                validation = m.path("val_loss").doubleValue(validation);
                skipped += m.has("skipped") ? 1 : 0;
            }
            return new Curve(smooth.stream().mapToDouble(d -> d).toArray(), validation, skipped);
        }
    }

    /** Runs of a preset: seed, then variant. */
    private final Map<String, Map<Integer, Map<PrecisionRuns.Variant, Curve>>> curves = new TreeMap<>();

    public static void main(String[] args) throws IOException {
        if (args.length != 1 && args.length != 6) {
            System.err.println("precision loss: need FOLDER [PRESET BATCH STEPS SEEDS VARIANTS], for example runs/fp8"
                    + " shakespeare 8 240 1,2,3 fp32,fp8");
            System.exit(2);
        }
        Path folder = Path.of(args[0]);
        if (args.length == 6) {
            for (String seed : args[4].split(",")) {
                for (String variant : args[5].split(",")) {
                    run(folder, args[1], Integer.parseInt(args[2]), Long.parseLong(args[3]), seed, variant);
                }
            }
        }
        PrecisionLoss all = new PrecisionLoss();
        all.read(folder);
        if (all.curves.isEmpty()) {
            System.err.println("precision loss: " + folder + " has no finished run in float32 to compare with");
            System.exit(1);
        }
        all.print();
        Picture.write(folder.resolve("fp8-training.png"), all.picture());
    }

    private static void run(Path folder, String preset, int batch, long steps, String seed, String variant)
            throws IOException {
        Path path = folder.resolve(preset + "." + seed + "." + variant);
        if (!Files.exists(path)) {
            try (TrainingRun run = PrecisionRuns.create(
                    path, preset, PrecisionRuns.Variant.of(variant), batch, steps, Long.parseLong(seed))) {
                run.run(Optional.empty(), TrainListener.NONE);
            }
            System.err.println("done: " + path);
        }
    }

    private void read(Path folder) throws IOException {
        try (Stream<Path> runs = Files.list(folder)) {
            for (Path run :
                    runs.filter(p -> Files.exists(p.resolve("metrics.jsonl"))).toList()) {
                String[] name = run.getFileName().toString().split("\\.");
                Curve curve = Curve.read(run);
                if (!Double.isNaN(curve.validation)) {
                    curves.computeIfAbsent(name[0], p -> new TreeMap<>())
                            .computeIfAbsent(Integer.valueOf(name[1]), s -> new TreeMap<>())
                            .put(PrecisionRuns.Variant.of(name[2]), curve);
                }
            }
        }
        // What has nothing to be compared with is left out.
        curves.values().forEach(p -> p.values().removeIf(s -> !s.containsKey(PrecisionRuns.Variant.FP32)));
        curves.values().removeIf(Map::isEmpty);
    }

    private static double gap(double value, double of) {
        return 100 * (value / of - 1);
    }

    private void print() {
        System.out.printf(
                "%-18s %4s %-18s %5s %9s %8s %9s %8s %7s%n",
                "preset", "seed", "variant", "steps", "training", "gap", "validat.", "gap", "skipped");
        curves.forEach((preset, seeds) -> seeds.forEach((seed, variants) -> variants.forEach((variant, c) -> {
            Curve exact = variants.get(PrecisionRuns.Variant.FP32);
            System.out.printf(
                    Locale.ROOT,
                    "%-18s %4d %-18s %5d %9.4f %+7.3f%% %9.4f %+7.3f%% %7d%n",
                    preset,
                    seed,
                    variant.word(),
                    c.smooth.length,
                    c.last(),
                    gap(c.last(), exact.last()),
                    c.validation,
                    gap(c.validation, exact.validation),
                    c.skipped);
        })));
        curves.forEach((preset, seeds) -> {
            for (PrecisionRuns.Variant v : PrecisionRuns.Variant.values()) {
                mean(
                        preset,
                        v,
                        seeds.values().stream().filter(s -> s.containsKey(v)).toList());
            }
        });
    }

    private static void mean(String preset, PrecisionRuns.Variant v, List<Map<PrecisionRuns.Variant, Curve>> seeds) {
        if (v == PrecisionRuns.Variant.FP32 || seeds.size() < 2) {
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "%-18s mean %-18s %d seeds: training %+.3f%%, validation %+.3f%%%n",
                preset,
                v.word(),
                seeds.size(),
                seeds.stream()
                        .mapToDouble(s -> gap(
                                s.get(v).last(),
                                s.get(PrecisionRuns.Variant.FP32).last()))
                        .average()
                        .orElseThrow(),
                seeds.stream()
                        .mapToDouble(s -> gap(s.get(v).validation, s.get(PrecisionRuns.Variant.FP32).validation))
                        .average()
                        .orElseThrow());
    }

    /** For each preset the losses of its first seed, and beside them the gaps of all seeds. */
    private Panels picture() {
        List<LineChart> charts = new ArrayList<>();
        curves.forEach((preset, seeds) -> {
            LineChart loss = new LineChart(preset, "step", "training loss, EMA 0.9 (nats a token)");
            seeds.values().iterator().next().forEach((v, c) -> loss.curve(v.word(), steps(c), c.smooth));
            LineChart gaps = new LineChart(preset + ": beside float32", "step", "difference (%)");
            seeds.forEach((seed, variants) -> variants.forEach((v, c) -> {
                if (v != PrecisionRuns.Variant.FP32) {
                    double[] d = gaps(c, variants.get(PrecisionRuns.Variant.FP32));
                    String name = v.word() + ", seed " + seed;
                    double[] x = Arrays.copyOf(steps(c), d.length);
                    if (v.precision == PrecisionRuns.Variant.FP32.precision) {
                        gaps.dashed(name, x, d);
                    } else {
                        gaps.curve(name, x, d);
                    }
                }
            }));
            charts.add(loss);
            charts.add(gaps);
        });
        return new Panels(2, charts);
    }

    private static double[] steps(Curve c) {
        return IntStream.rangeClosed(1, c.smooth.length).asDoubleStream().toArray();
    }

    private static double[] gaps(Curve c, Curve exact) {
        return IntStream.range(0, Math.min(c.smooth.length, exact.smooth.length))
                .mapToDouble(i -> gap(c.smooth[i], exact.smooth[i]))
                .toArray();
    }
}
