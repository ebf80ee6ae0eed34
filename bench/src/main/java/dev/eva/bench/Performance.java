package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.Effort;
import dev.eva.measure.Interleaved;
import dev.eva.measure.Machine;
import dev.eva.measure.Peaks;
import dev.eva.measure.Running;
import dev.eva.measure.Timing;
import dev.eva.measure.Way;
import dev.eva.measure.cases.DequantizeCase;
import dev.eva.measure.cases.QuantizeCase;
import dev.eva.measure.cases.Shape;
import dev.eva.measure.model.ModelProcess;
import dev.eva.measure.model.ModelWorker;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.tensor.Parallel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * Writes docs/performance.md: Eva's figures beside those of its peers. {@code bench/performance.sh} runs it:
 *
 * <p>{@code bench/performance.sh [--quick] [--peers FOLDER] [--lite FOLDER] [--out FILE]}
 *
 * <p>OpenBLAS runs in the same process; the peers in other languages run by their own scripts, whose results are read
 * from the folder, and are left open without it.
 */
public final class Performance {
    private static final int FP8_SIZE = 4096;

    private final boolean quick;
    private final Peers peers;
    /** Folder of checkpoints, or null. */
    private final Path lite;

    private final StringBuilder page = new StringBuilder();

    private Performance(boolean quick, Peers peers, Path lite) {
        this.quick = quick;
        this.peers = peers;
        this.lite = lite;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        boolean quick = false;
        Path out = Path.of("docs/performance.md");
        Path folder = null;
        Path lite = null;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--quick" -> quick = true;
                case "--out" -> out = Path.of(args[++i]);
                case "--peers" -> folder = Path.of(args[++i]);
                case "--lite" -> lite = Path.of(args[++i]);
                default -> {
                    System.err.println(
                            "performance: " + args[i] + "; need --quick, --peers FOLDER, --lite FOLDER or --out FILE");
                    System.exit(2);
                }
            }
        }
        Files.writeString(out, new Performance(quick, new Peers(folder), lite).write());
        System.err.println("written: " + out);
    }

    /** The process that trains: one for each configuration. */
    static final class Worker {
        private Worker() {}

        public static void main(String[] args) throws IOException {
            ModelWorker.serve(
                    new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)),
                    new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                    args);
        }
    }

    private String write() throws InterruptedException {
        line("# Performance");
        line("");
        line("Written by `bench/performance.sh" + (quick ? " --quick" : "") + "` on " + LocalDate.now()
                + ". Medians with the fastest and slowest sample; a ratio above 1 is in Eva's favour. Peers that were"
                + " not run beside Eva are left open.");
        line("");
        Machine.here().facts().forEach((label, text) -> line("- " + label + ": " + text));
        ceilings();
        products();
        training();
        inference();
        conversion();
        return page.toString();
    }

    private void line(String text) {
        page.append(text).append('\n');
    }

    private void table(String title, String command, String... header) {
        System.err.println(title);
        line("");
        line("## " + title);
        line("");
        line("`" + command + "`");
        line("");
        line("| " + String.join(" | ", header) + " |");
        line("|" + "---|".repeat(header.length));
    }

    private void ceilings() {
        Peaks p = Peaks.measure(quick ? Effort.QUICK : Effort.FULL, 256);
        table("Ceilings", "eva bench --quick", "what", "one thread", "all threads");
        line(text("| fused multiply-adds in registers, GFLOP/s | %.1f | %.1f |", p.flopsOne() / 1e9, p.flops() / 1e9));
        line(text("| reading memory, GB/s | %.1f | %.1f |", p.readOne() / 1e9, p.read() / 1e9));
    }

    private void products() throws InterruptedException {
        for (int threads = 1; threads <= Math.min(2, Runtime.getRuntime().availableProcessors()); threads++) {
            Parallel.setThreads(threads);
            OpenBlas.setThreads(threads);
            table(
                    "SGEMM, " + threads + (threads == 1 ? " thread" : " threads") + ", GFLOP/s",
                    "java -jar bench/target/benchmarks.jar Gemm -p provider=vector,openblas -p threads=" + threads,
                    "m x n x k",
                    "Eva",
                    "OpenBLAS",
                    "ratio",
                    "spread of the ratio");
            double logs = 0;
            for (Shape shape : Shape.ALL) {
                GemmTable.Row row = GemmTable.measure(shape, quick);
                logs += Math.log(row.packedRatio());
                line(text(
                        "| %s | %.1f | %.1f | %.2f | %.2f..%.2f |",
                        shape, row.packed(), row.peer(), row.packedRatio(), row.leastRatio(), row.mostRatio()));
            }
            line(text("| geometric mean | | | %.2f | |", Math.exp(logs / Shape.ALL.size())));
        }
    }

    private void training() {
        table(
                "Training step, float32, two threads, tokens/s",
                "java @cli/src/main/resources/dev/eva/cli/jvm.options -cp bench/target/benchmarks.jar"
                        + " dev.eva.bench.TrainStep PRESET BATCHxLENGTH",
                "configuration",
                "Eva",
                "spread",
                "PyTorch, its best",
                "ratio");
        String[][] all = {
            {"mini", "8x128"}, {"shakespeare-bench", "12x64"}, {"shakespeare-bench", "32x128"}, {"small", "8x256"}
        };
        for (String[] c : all) {
            String[] size = c[1].split("x");
            double tokens = Double.parseDouble(size[0]) * Double.parseDouble(size[1]);
            String request = "train " + size[0] + " " + size[1];
            double seconds = quick ? 6 : 20;
            try (ModelProcess process = new ModelProcess(c[0], Worker.class, List.of(), c[0], 2)) {
                samples(process, request, seconds);
                Timing t = samples(process, request, seconds);
                double rate = tokens / t.median();
                line(text("| %s %s | %,.0f | %,.0f..%,.0f |", c[0], c[1], rate, tokens / t.max(), tokens / t.min())
                        + peer(rate, peers.training(c[0], c[1]), "%,.0f"));
            }
        }
    }

    /** Steps until the time is over, at least three. */
    private static Timing samples(ModelProcess process, String request, double seconds) {
        List<Double> samples = new ArrayList<>();
        double passed = 0;
        while (passed < seconds || samples.size() < 3) {
            samples.add(process.ask(request).seconds());
            passed += samples.getLast();
        }
        return new Timing(samples.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** Checkpoints of the preset lite with random weights: {@code eva init FOLDER/TYPE --preset lite --dtype TYPE}. */
    private void inference() {
        int threads = Math.min(2, Runtime.getRuntime().availableProcessors());
        Parallel.setThreads(threads);
        table(
                "Inference on lite, " + threads + " threads, tokens/s",
                "java @cli/src/main/resources/dev/eva/cli/jvm.options -cp bench/target/benchmarks.jar"
                        + " dev.eva.bench.InferenceTable FOLDER/f32 FOLDER/bf16 FOLDER/fp8",
                "weights, test",
                "Eva",
                "spread",
                "llama.cpp (FP8: Q8_0)",
                "ratio");
        for (String type : List.of("f32", "bf16", "fp8")) {
            if (lite == null || !Files.exists(lite.resolve(type))) {
                line("| " + type + " | not run here | | not run here | |");
                continue;
            }
            String peerType = type.equals("fp8") ? "q8_0" : type;
            try (MappedModel mapped = Checkpoint.open(lite.resolve(type))) {
                InferenceTable.Rates r = InferenceTable.rates(mapped.model());
                line("| " + type + text(", pp512 | %.1f | |", r.pp512())
                        + peer(r.pp512(), peers.inference(peerType, "pp512", threads), "%.1f"));
                line("| " + type + text(", pp64 | %.1f | |", r.pp64())
                        + peer(r.pp64(), peers.inference(peerType, "pp64", threads), "%.1f"));
                line("| " + type + text(", tg64 | %.2f | |", r.tg64())
                        + peer(r.tg64(), peers.inference(peerType, "tg64", threads), "%.2f"));
            }
        }
    }

    private void conversion() {
        for (int threads = 1; threads <= Math.min(2, Runtime.getRuntime().availableProcessors()); threads++) {
            Parallel.setThreads(threads);
            table(
                    "FP8 conversion, " + threads + (threads == 1 ? " thread" : " threads") + ", G elements/s",
                    "java -jar bench/target/benchmarks.jar Fp8 -p provider=vector -p n=4096 -p threads=" + threads,
                    "what",
                    "Eva",
                    "spread",
                    "PyTorch",
                    "ratio");
            convert(
                    new QuantizeCase(FP8_SIZE, FP8_SIZE),
                    "F32 to E4M3, tiles of 1 x 128 with scales; PyTorch's are blocks of 128 x 128",
                    peers.conversion("torch 128x128 block quant", threads));
            convert(
                    new DequantizeCase(FP8_SIZE, FP8_SIZE),
                    "E4M3 to F32, blocks of 128 x 128 with scales",
                    peers.conversion("torch 128x128 block dequant", threads));
        }
    }

    private void convert(Case c, String what, OptionalDouble peer) {
        Way way = Way.cpu().getFirst();
        Running running = c.on(way).orElseThrow();
        running.run().run();
        c.verify(way, running.result().get());
        Timing t = Interleaved.time(quick ? Effort.QUICK : Effort.FULL, List.of(running.run()))
                .getFirst();
        double n = c.elements() / 1e9;
        double rate = n / t.median();
        line(text("| %s | %.2f | %.2f..%.2f |", what, rate, n / t.max(), n / t.min()) + peer(rate, peer, "%.2f"));
    }

    private static String peer(double eva, OptionalDouble peer, String format) {
        return peer.isEmpty()
                ? " not run here | |"
                : text(" " + format + " | %.2f |", peer.getAsDouble(), eva / peer.getAsDouble());
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
