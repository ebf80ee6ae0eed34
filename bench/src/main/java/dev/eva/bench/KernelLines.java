package dev.eva.bench;

import dev.eva.measure.Bench;
import dev.eva.measure.BenchPage;
import dev.eva.measure.BenchPlan;
import dev.eva.measure.BenchResult;
import dev.eva.measure.Case;
import dev.eva.measure.Effort;
import dev.eva.measure.Interleaved;
import dev.eva.measure.Machine;
import dev.eva.measure.Measured;
import dev.eva.measure.Peaks;
import dev.eva.measure.Running;
import dev.eva.measure.Timing;
import dev.eva.measure.Way;
import dev.eva.measure.cases.AttentionCase;
import dev.eva.measure.cases.DequantizeCase;
import dev.eva.measure.cases.QuantizeCase;
import dev.eva.measure.cases.Shape;
import dev.eva.report.Picture;
import dev.eva.tensor.Parallel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;

/** Kernels, measured in this process: beside OpenBLAS, beside PyTorch, and beside the ceilings of the machine. */
final class KernelLines {
    private static final double GIGA = 1e9;
    private static final int FP8_SIZE = 4096;
    /** Threads of the other side go on spinning for a while. */
    private static final int PAUSE_MILLIS = 250;

    private final boolean quick;
    private final Path peers;

    /**
     * @param peers folder of the peers, or null
     */
    KernelLines(boolean quick, Path peers) {
        this.quick = quick;
        this.peers = peers;
    }

    private Effort effort() {
        return quick ? Effort.QUICK : Effort.FULL;
    }

    /** Multiply-adds and memory. */
    List<Line> ceilings() {
        Parallel.setThreads(Beside.THREADS);
        Peaks p = Peaks.measure(effort(), Peaks.MEGABYTES);
        String best = "best of " + 2 * effort().samples();
        return List.of(
                Line.alone("multiply-adds in registers, one thread, GFLOP/s", Side.of(p.flopsOne() / GIGA), best),
                Line.alone("multiply-adds in registers, all threads, GFLOP/s", Side.of(p.flops() / GIGA), best),
                Line.alone("reading 1 GiB of memory, one thread, GB/s", Side.of(p.readOne() / GIGA), best),
                Line.alone("reading 1 GiB of memory, all threads, GB/s", Side.of(p.read() / GIGA), best));
    }

    /** Matrix products, GFLOP/s. */
    List<Line> products(int threads) throws InterruptedException {
        Parallel.setThreads(threads);
        OpenBlas.setThreads(threads);
        GemmTable.warm();
        List<Line> lines = new ArrayList<>();
        double logs = 0;
        for (Shape shape : Shape.ALL) {
            GemmTable.Row row = GemmTable.measure(shape, quick);
            logs += Math.log(row.packedRatio());
            Side ratio = new Side(row.packedRatio(), row.leastRatio(), row.mostRatio(), 1);
            lines.add(new Line(shape.toString(), Side.of(row.packed()), Side.of(row.peer()), ratio, "", null, "")
                    .ratioAtLeast(0.9));
        }
        Side mean = Side.of(Math.exp(logs / Shape.ALL.size()));
        lines.add(new Line("geometric mean", mean, null, mean, "", null, "").ratioAtLeast(1));
        return lines;
    }

    /** FP8, G elements a second. */
    List<Line> conversion(int threads) {
        Parallel.setThreads(threads);
        try (Beside torch = peers == null ? null : Beside.python(peers, "fp8.py")) {
            return List.of(
                    convert(new QuantizeCase(FP8_SIZE, FP8_SIZE), torch, "quantise " + threads)
                            .apply("F32 to E4M3 with scales; Eva's of 1 x 128, PyTorch's of 128 x 128 values"),
                    convert(new DequantizeCase(FP8_SIZE, FP8_SIZE), torch, "dequantise " + threads)
                            .apply("E4M3 to F32, scales of 128 x 128 values"));
        }
    }

    private interface Named {
        Line apply(String what);
    }

    private Named convert(Case c, Beside torch, String request) {
        Way way = Way.cpu().getFirst();
        Running running = c.on(way).orElseThrow();
        running.run().run();
        c.verify(way, running.result().get());
        double n = c.elements() / GIGA;
        Interleaved.steady(running.run());
        if (torch == null) {
            Timing t = Interleaved.time(effort(), List.of(running.run())).getFirst();
            return what -> Line.alone(what, Side.of(s -> n / s, t.seconds()), "");
        }
        torch.ask(request + " 3");
        int runs = 5;
        Turns turns = Turns.of(
                effort().samples(),
                () -> {
                    pause();
                    return n
                            / median(Interleaved.time(1, runs, List.of(running.run()))
                                    .getFirst()
                                    .seconds());
                },
                () -> n / median(torch.ask(request + " " + runs)));
        return what -> turns.line(what, "");
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static double median(double... samples) {
        return Side.of(samples).median();
    }

    /** Causal attention as a share of the multiply-adds that registers give, one head a thread. */
    List<Line> attention(int threads) {
        Parallel.setThreads(threads);
        List<Line> lines = new ArrayList<>();
        Way way = Way.cpu().getFirst();
        for (int[] widths : new int[][] {{48, 48}, {64, 64}, {96, 64}, {192, 128}}) {
            for (int t : quick ? new int[] {512} : new int[] {512, 2048}) {
                for (boolean backward : new boolean[] {false, true}) {
                    Case c = new AttentionCase(backward, threads, t, widths[0], widths[1]);
                    Running running = c.on(way).orElseThrow();
                    running.run().run();
                    c.verify(way, running.result().get());
                    Interleaved.steady(running.run());
                    Peaks peaks = Peaks.measure(Effort.QUICK, 64);
                    double peak = (threads == 1 ? peaks.flopsOne() : peaks.flops()) / GIGA;
                    Timing time =
                            Interleaved.time(effort(), List.of(running.run())).getFirst();
                    Side eva = Side.of(s -> c.flops() / s / GIGA, time.seconds());
                    Side share = Side.of(s -> c.flops() / s / GIGA / peak, time.seconds());
                    String what = (backward ? "backward, " : "forward, ") + t + " positions, widths " + widths[0] + "/"
                            + widths[1];
                    lines.add(new Line(what, eva, Side.of(peak), share, "", null, "").ratioAtLeast(0.6));
                }
            }
        }
        return lines;
    }

    /** Every kernel beside its roof, and the picture of it. */
    List<Line> roofline(Path picture) throws IOException {
        Parallel.setThreads(Beside.THREADS);
        Bench bench = new Bench(
                quick ? BenchPlan.QUICK : BenchPlan.FULL,
                Way.cpu(),
                "",
                (way, preset) -> {
                    throw new IllegalStateException("performance: the roofline shows kernels, not " + preset);
                },
                (begun, count, what) -> System.err.println("  " + what));
        BenchResult result =
                bench.run(Machine.here(), EnumSet.of(BenchPlan.What.GEMM, BenchPlan.What.FP8, BenchPlan.What.LAYERS));
        Picture.write(picture, BenchPage.roofline(result));
        List<Line> lines = new ArrayList<>();
        for (Measured row : result.rows()) {
            if (row.way().equals(Way.cpu().getFirst().name())) {
                double roof = Math.min(row.peakFlops(), row.intensity() * row.peakBytes()) / GIGA;
                double[] rates = Arrays.stream(row.seconds().seconds())
                        .map(s -> row.flops() / s / GIGA)
                        .toArray();
                String note = String.format(
                        Locale.ROOT,
                        "%s, %.2f operations a byte",
                        row.memoryBound() ? "memory" : "arithmetic",
                        row.intensity());
                lines.add(new Line(
                        row.name(), Side.of(rates), Side.of(roof), Side.of(r -> r / roof, rates), "", null, note));
            }
        }
        return lines;
    }
}
