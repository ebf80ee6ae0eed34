package dev.eva.measure;

import dev.eva.report.Chart;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import dev.eva.report.LineChart;
import dev.eva.report.Page;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** The page of a bench: roofline, rates against sizes, and every row. */
public final class BenchPage {
    private static final double GIGA = 1e9;
    private static final double LEAST_INTENSITY = 0.1;

    /** How results were looked at before they were timed. */
    public static final String VERIFIED =
            "Every result was compared with the scalar reference before it was timed: whole,"
                    + " but large products in rows spread over them and in the sum of all rows with random signs,"
                    + " models in losses and largest logits.";

    private final BenchResult result;
    private final Figures figures;

    private BenchPage(BenchResult result, Figures figures) {
        this.result = result;
        this.figures = figures;
    }

    /**
     * @param figures of the same result, {@link BenchFigures#of}
     */
    public static Page of(BenchResult result, Figures figures) {
        return new BenchPage(result, figures).page();
    }

    private Page page() {
        Page page = new Page(
                "eva bench",
                "Ways to compute the same thing, timed in turn in one run. Rates are medians. " + VERIFIED,
                result.machine().facts().entrySet().stream()
                        .map(e -> e.getKey() + ": " + e.getValue())
                        .collect(Collectors.joining("; ")),
                figures);
        page.section("machine", "The machine and its ceilings");
        page.text("On one thread it gives {peak.fma.one} of fused multiply-adds in registers and reads {peak.read.one}"
                + " from memory, on all threads {peak.fma} and {peak.read}. Both were measured in the same run."
                + " A kernel with $I$ operations a byte can reach the lower of the two at most, $I$ times the"
                + " rate of memory or the rate of arithmetic.");
        page.picture(
                "roofline",
                roofline(result),
                "Every kernel under the roofs of the processor. Points above a slope had operands in a cache.");
        result.ways().stream().filter(Way::device).forEach(way -> {
            String name = way.name();
            if (figures.all().containsKey("peak.fma." + name)) {
                page.text("The device `" + name + "` gives {peak.fma." + name + "} and reads {peak.read." + name
                        + "} of its own memory, measured as well; the shares of its rows are of these.");
                page.picture(
                        "roofline-" + name,
                        roofline(result, way),
                        "The kernels of the device under its own roof, transfers included.");
            }
        });
        for (String what : result.rows().stream().map(Measured::what).distinct().toList()) {
            group(page, what);
        }
        if (!result.leftOut().isEmpty()) {
            page.section("left-out", "What was left out");
            page.text("One run would have taken too long, going by the cases before:");
            page.list(
                    result.leftOut().stream().map(text -> "`" + text + "`").toArray(String[]::new));
        }
        return page;
    }

    private void group(Page page, String what) {
        page.section(what, what);
        List<Measured> rows =
                result.rows().stream().filter(r -> r.what().equals(what)).toList();
        if (rows.stream().anyMatch(r -> r.size() > 0)) {
            page.picture(
                    what + "-sizes",
                    sizes(rows),
                    "Square products: arithmetic against size, with transfers where a device is among the ways.");
            overtakes(page);
        }
        table(page, rows);
        rows.stream()
                .filter(r -> r.way().equals(result.ways().getFirst().name()) && isDecoding(r))
                .forEach(r -> page.finding("A token of `" + r.name() + "` moves {" + BenchFigures.name(r)
                        + ".bytes} at least, weights and cache: with memory as the limit, its price in time and in"
                        + " energy."));
    }

    /** Whether it writes tokens one after the other, each of which meets every weight. */
    public static boolean isDecoding(Measured row) {
        return row.what().equals("generate") && row.name().contains("-decode-");
    }

    private void overtakes(Page page) {
        if (result.ways().stream().noneMatch(Way::device)) {
            return;
        }
        page.finding("The device overtakes the CPU "
                + (result.deviceAhead(true).isPresent()
                        ? "from a size of {gemm.overtakes:0} on"
                        : "at no measured size")
                + ", transfers included; without them "
                + (result.deviceAhead(false).isPresent()
                        ? "from {gemm.overtakes.untransferred:0} on."
                        : "at none either."));
    }

    /** Columns only where some row has something for them. */
    private void table(Page page, List<Measured> rows) {
        boolean moved = rows.stream().anyMatch(r -> r.transferSeconds() > 0);
        boolean tokens = rows.getFirst().tokens() > 0;
        boolean rates = tokens || rows.stream().anyMatch(r -> r.elements() > 0);
        String unit = BenchFigures.unit(rows.getFirst());
        List<String> header =
                new ArrayList<>(List.of("case", "on", unit, "spread, %", "GFLOP/s", "GB/s", "% of peak", "speed"));
        if (rates) {
            header.add(tokens ? "tokens/s" : "G elements/s");
        }
        if (moved) {
            header.addAll(List.of("transfers, " + unit, "GFLOP/s without"));
        }
        DataTable table = DataTable.of(
                "Medians; *spread* is from the fastest to the slowest, beside the median; *peak* the lower ceiling, of"
                        + " memory or of multiply-adds; *speed* beside the first way.",
                header.toArray(String[]::new));
        String last = "";
        for (Measured row : rows) {
            String name = BenchFigures.name(row);
            List<String> cells = new ArrayList<>(List.of(
                    row.name().equals(last) ? "" : "`" + row.name() + "`",
                    row.way(),
                    "{=" + name + ".median}",
                    "{=" + name + ".spread:0}",
                    "{=" + name + ".gflops}",
                    "{=" + name + ".gbs}",
                    optional("=", name + ".peak", ":0") + (row.memoryBound() ? " memory" : " fma"),
                    optional("", name + ".speed", ":2")));
            if (rates) {
                cells.add(optional("=", name + ".rate", ""));
            }
            if (moved) {
                cells.add(optional("=", name + ".transfer", ""));
                cells.add(optional("=", name + ".untransferred", ""));
            }
            last = row.name();
            table = table.row(cells.toArray(String[]::new));
        }
        page.table(table);
    }

    private String optional(String bare, String name, String decimals) {
        return figures.all().containsKey(name) ? "{" + bare + name + decimals + "}" : "";
    }

    /** GFLOP/s of every way against the size of square products. */
    private Chart sizes(List<Measured> rows) {
        LineChart chart = new LineChart("Square products", "n", "GFLOP/s").logLog();
        double[] ends = rows.stream()
                .filter(r -> r.size() > 0)
                .mapToDouble(Measured::size)
                .sorted()
                .toArray();
        for (Way way : result.ways()) {
            List<Measured> of = rows.stream()
                    .filter(r -> r.size() > 0 && r.way().equals(way.name()))
                    .sorted(Comparator.comparingInt(Measured::size))
                    .toList();
            if (!of.isEmpty()) {
                double[] n = of.stream().mapToDouble(Measured::size).toArray();
                chart.marked(
                        way.name(),
                        n,
                        of.stream().mapToDouble(r -> r.flopRate() / GIGA).toArray());
                if (of.stream().anyMatch(r -> r.transferSeconds() > 0)) {
                    chart.marked(
                            way.name() + ", transfers not counted",
                            n,
                            of.stream()
                                    .mapToDouble(r -> r.flops() / r.withoutTransfers() / GIGA)
                                    .toArray());
                }
            }
        }
        double peak = result.peaks().flops() / GIGA;
        return chart.dashed(
                "multiply-adds of the CPU", new double[] {ends[0], ends[ends.length - 1]}, new double[] {peak, peak});
    }

    /** All kernels of the CPU over intensity, under its measured roofs: all threads, and one. */
    public static Chart roofline(BenchResult result) {
        Peaks peaks = result.peaks();
        LineChart chart = empty("Roofline");
        double end = largestIntensity(result);
        roof(chart, "all threads", peaks.flops(), peaks.read(), end);
        roof(chart, "one thread", peaks.flopsOne(), peaks.readOne(), end);
        result.ways().stream().filter(w -> !w.device() && !w.isReference()).forEach(w -> points(chart, result, w));
        return chart;
    }

    /** The kernels of a device. */
    private static Chart roofline(BenchResult result, Way device) {
        Peaks.Ceiling ceiling = result.ceilings().get(device.name());
        LineChart chart = empty("Roofline of the device");
        roof(chart, device.name(), ceiling.flops(), ceiling.bytes(), largestIntensity(result));
        points(chart, result, device);
        return chart;
    }

    private static LineChart empty(String title) {
        return new LineChart(title, "operations a byte", "GFLOP/s").logLog().size(720, 480);
    }

    private static double largestIntensity(BenchResult result) {
        return 2 * result.rows().stream().mapToDouble(Measured::intensity).max().orElseThrow();
    }

    private static void roof(LineChart chart, String name, double flops, double bytes, double end) {
        double ridge = flops / bytes;
        chart.dashed(
                name,
                new double[] {LEAST_INTENSITY, ridge, Math.max(end, 2 * ridge)},
                new double[] {LEAST_INTENSITY * bytes / GIGA, flops / GIGA, flops / GIGA});
    }

    private static void points(LineChart chart, BenchResult result, Way way) {
        for (String what : result.rows().stream().map(Measured::what).distinct().toList()) {
            List<Measured> of = result.rows().stream()
                    .filter(r -> r.way().equals(way.name()) && r.what().equals(what))
                    .toList();
            if (!of.isEmpty()) {
                chart.points(
                        way.name() + ": " + what,
                        of.stream().mapToDouble(Measured::intensity).toArray(),
                        of.stream().mapToDouble(r -> r.flopRate() / GIGA).toArray());
            }
        }
    }
}
