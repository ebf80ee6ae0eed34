package dev.eva.cli;

import dev.eva.measure.BenchPage;
import dev.eva.measure.BenchResult;
import dev.eva.measure.Measured;
import dev.eva.measure.Peaks;
import dev.eva.measure.Way;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** What a bench has found, for a terminal. */
final class BenchTable {
    private final BenchResult result;
    private final PrintWriter out;

    BenchTable(BenchResult result, PrintWriter out) {
        this.result = result;
        this.out = out;
    }

    void print() {
        result.machine().facts().forEach((label, text) -> out.printf("%-10s %s%n", label, text));
        Peaks p = result.peaks();
        out.printf(
                Locale.ROOT,
                "ceilings   %.1f GFLOP/s and %.1f GB/s read on one thread, %.1f and %.1f on all; measured now%n",
                p.flopsOne() / 1e9,
                p.readOne() / 1e9,
                p.flops() / 1e9,
                p.read() / 1e9);
        result.ways().stream().filter(Way::device).forEach(way -> {
            Peaks.Ceiling c = result.ceilings().get(way.name());
            out.printf(
                    Locale.ROOT,
                    "           %s: %.1f GFLOP/s and %.1f GB/s read%n",
                    way.name(),
                    c.flops() / 1e9,
                    c.bytes() / 1e9);
        });
        result.rows().stream().map(Measured::what).distinct().forEach(this::group);
        summary();
    }

    private void group(String what) {
        List<Measured> rows =
                result.rows().stream().filter(r -> r.what().equals(what)).toList();
        List<String> header = List.of(
                what,
                "on",
                "median",
                "fastest..slowest",
                "GFLOP/s",
                "GB/s",
                "of peak",
                rows.getFirst().tokens() > 0 ? "tokens/s" : "G elements/s",
                "speed",
                "transfers",
                "GFLOP/s without");
        List<List<String>> cells = new ArrayList<>();
        String last = "";
        for (Measured r : rows) {
            cells.add(cells(r, r.name().equals(last) ? "" : r.name()));
            last = r.name();
        }
        int[] used = IntStream.range(0, header.size())
                .filter(i ->
                        cells.stream().anyMatch(row -> i == 0 || !row.get(i).isEmpty()))
                .toArray();
        Table table = new Table().row(IntStream.of(used).mapToObj(header::get).toArray());
        cells.forEach(row -> table.row(IntStream.of(used).mapToObj(row::get).toArray()));
        out.println();
        table.print(out, "");
    }

    /** Empty where there is no such thing. */
    private List<String> cells(Measured r, String name) {
        double each = r.tokens() > 0 ? r.tokens() : r.elements() / 1e9;
        OptionalDouble speed = result.speedUp(r);
        boolean moved = r.transferSeconds() > 0;
        return List.of(
                name,
                r.way(),
                time(r.seconds().median()),
                time(r.seconds().min()) + ".." + time(r.seconds().max()),
                number(r.flopRate() / 1e9),
                number(r.byteRate() / 1e9),
                Double.isNaN(r.ofPeak()) ? "" : String.format(Locale.ROOT, "%.0f %% %s", 100 * r.ofPeak(), bound(r)),
                each == 0 ? "" : number(each / r.seconds().median()),
                speed.isEmpty() ? "" : number(speed.getAsDouble()) + "x",
                moved ? time(r.transferSeconds()) : "",
                moved ? number(r.flops() / r.withoutTransfers() / 1e9) : "");
    }

    private static String bound(Measured r) {
        return r.memoryBound() ? "memory" : "fma";
    }

    private void summary() {
        out.println();
        result.rows().stream()
                .filter(BenchPage::isDecoding)
                .filter(r -> r.way().equals(result.ways().getFirst().name()))
                .forEach(r -> out.printf(
                        Locale.ROOT,
                        "A token of %s moves %s: its price in time and energy where memory is the limit.%n",
                        r.name(),
                        Table.bytes(r.bytes() / r.tokens())));
        if (result.ways().stream().anyMatch(Way::device)
                && result.rows().stream().anyMatch(r -> r.size() > 0)) {
            out.println("Square products: the device overtakes the CPU " + ahead(result.deviceAhead(true))
                    + " with transfers, " + ahead(result.deviceAhead(false)) + " without.");
        }
        if (!result.leftOut().isEmpty()) {
            out.println("Left out, for one run would take too long: " + String.join("; ", result.leftOut()) + ".");
        }
        out.println(BenchPage.VERIFIED);
    }

    private static String ahead(OptionalDouble size) {
        return size.isEmpty()
                ? "at no measured size"
                : String.format(Locale.ROOT, "from n = %.0f on", size.getAsDouble());
    }

    /** {@code 17.3 us}. */
    static String time(double seconds) {
        if (seconds < 1e-3) {
            return number(seconds * 1e6) + " us";
        }
        return seconds < 1 ? number(seconds * 1e3) + " ms" : number(seconds) + " s";
    }

    /** Three significant digits. */
    static String number(double x) {
        return x >= 100
                ? String.format(Locale.ROOT, "%,.0f", x)
                : String.format(Locale.ROOT, x >= 10 ? "%.1f" : "%.2f", x);
    }
}
