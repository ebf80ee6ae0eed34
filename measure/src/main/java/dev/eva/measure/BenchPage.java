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
        if (figures.all().containsKey("peak.fma.gpu")) {
            page.text("The device gives {peak.fma.gpu} and reads {peak.read.gpu} of its own memory, measured as well;"
                    + " the shares of its rows are of these.");
        }
        page.picture(
                "roofline",
                roofline(result),
                "Every kernel under the roofs of the machine. Points above a slope had operands in a cache.");
        for (String what : result.rows().stream().map(Measured::what).distinct().toList()) {
            group(page, what);
        }
        if (!result.leftOut().isEmpty()) {
            page.section("left-out", "What was left out");
            page.text("One run would have taken too long, going by the cases before:");
            page.list(result.leftOut().stream().map(text -> "`" + text + "`").toArray(String[]::new));
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

    /** Columns of transfers only where something was transferred. */
    private void table(Page page, List<Measured> rows) {
        boolean moved = rows.stream().anyMatch(r -> r.transferSeconds() > 0);
        List<String> header = new ArrayList<>(List.of(
                "case",
                "on",
                "us",
                "fastest",
                "slowest",
                "GFLOP/s",
                "GB/s",
                "% of peak",
                "limit",
                rows.getFirst().tokens() > 0 ? "tokens/s" : "G elements/s",
                "speed"));
        if (moved) {
            header.addAll(List.of("transfers, us", "GFLOP/s without"));
        }
        DataTable table = DataTable.of(
                "Medians, and the share of the lower ceiling; *speed* is beside the first way.",
                header.toArray(String[]::new));
        for (Measured row : rows) {
            String name = BenchFigures.name(row);
            List<String> cells = new ArrayList<>(List.of(
                    "`" + row.name() + "`",
                    row.way(),
                    "{=" + name + ".median}",
                    "{=" + name + ".min}",
                    "{=" + name + ".max}",
                    "{=" + name + ".gflops}",
                    "{=" + name + ".gbs}",
                    optional("=", name + ".peak", ":0"),
                    row.memoryBound() ? "memory" : "arithmetic",
                    optional("=", name + ".rate", ""),
                    optional("", name + ".speed", ":2")));
            if (moved) {
                cells.add(optional("=", name + ".transfer", ""));
                cells.add(optional("=", name + ".untransferred", ""));
            }
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

    /** All kernels of a result over intensity, under the measured roof of the CPU. */
    public static Chart roofline(BenchResult result) {
        LineChart chart = new LineChart("Roofline", "operations a byte", "GFLOP/s")
                .logLog()
                .size(720, 480);
        Peaks peaks = result.peaks();
        double most = 2
                * result.rows().stream().mapToDouble(Measured::intensity).max().orElseThrow();
        double ridge = peaks.flops() / peaks.read();
        double[] x = {LEAST_INTENSITY, ridge, Math.max(most, 2 * ridge)};
        chart.dashed(
                "all threads", x, new double[] {peaks.roof(x[0]) / GIGA, peaks.flops() / GIGA, peaks.flops() / GIGA});
        double ridgeOne = peaks.flopsOne() / peaks.readOne();
        double[] one = {LEAST_INTENSITY, ridgeOne, Math.max(most, 2 * ridge)};
        chart.dashed("one thread", one, new double[] {
            LEAST_INTENSITY * peaks.readOne() / GIGA, peaks.flopsOne() / GIGA, peaks.flopsOne() / GIGA
        });
        result.ways().stream()
                .filter(Way::device)
                .forEach(way ->
                        deviceRoof(chart, way.name(), result.ceilings().get(way.name()), one[2]));
        for (Way way : result.ways()) {
            for (String what :
                    result.rows().stream().map(Measured::what).distinct().toList()) {
                List<Measured> of = result.rows().stream()
                        .filter(r -> r.way().equals(way.name()) && r.what().equals(what))
                        .toList();
                if (!of.isEmpty() && !way.isReference()) {
                    chart.points(
                            way.name() + ": " + what,
                            of.stream().mapToDouble(Measured::intensity).toArray(),
                            of.stream().mapToDouble(r -> r.flopRate() / GIGA).toArray());
                }
            }
        }
        return chart;
    }

    /** The device's own roof, of its arithmetic and its memory. */
    private static void deviceRoof(LineChart chart, String name, Peaks.Ceiling ceiling, double most) {
        if (!Double.isNaN(ceiling.flops())) {
            double ridge = ceiling.flops() / ceiling.bytes();
            chart.dashed(
                    name,
                    new double[] {LEAST_INTENSITY, ridge, Math.max(most, 2 * ridge)},
                    new double[] {
                        LEAST_INTENSITY * ceiling.bytes() / GIGA, ceiling.flops() / GIGA, ceiling.flops() / GIGA
                    });
        }
    }
}
