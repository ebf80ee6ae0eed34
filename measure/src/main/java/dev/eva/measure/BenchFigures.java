package dev.eva.measure;

import dev.eva.report.Figures;
import java.util.OptionalDouble;

/**
 * The figures of a bench by name: {@code gemm.512x512x512.cpu.gflops}, {@code peak.read}. Of each row: {@code median},
 * {@code min}, {@code max} in microseconds (of models in milliseconds), {@code spread} between them in percent of the
 * median, {@code gflops}, {@code gbs}, and where there is such a thing {@code peak} in percent of the lower ceiling,
 * {@code rate}, {@code speed} beside the first way, {@code transfer} and {@code untransferred}.
 */
public final class BenchFigures {
    private BenchFigures() {}

    /** All of a result. */
    public static Figures of(BenchResult result) {
        Figures figures = new Figures();
        figures.put("peak.fma.one", result.peaks().flopsOne() / 1e9, "GFLOP/s");
        figures.put("peak.fma", result.peaks().flops() / 1e9, "GFLOP/s");
        figures.put("peak.read.one", result.peaks().readOne() / 1e9, "GB/s");
        figures.put("peak.read", result.peaks().read() / 1e9, "GB/s");
        result.ways().stream().filter(Way::device).forEach(way -> {
            Peaks.Ceiling ceiling = result.ceilings().get(way.name());
            figures.put("peak.fma." + way.name(), ceiling.flops() / 1e9, "GFLOP/s");
            figures.put("peak.read." + way.name(), ceiling.bytes() / 1e9, "GB/s");
        });
        figures.put("threads", result.machine().threads());
        for (Measured row : result.rows()) {
            row(figures, result, row);
        }
        put(figures, "gemm.overtakes", result.deviceAhead(true), "");
        put(figures, "gemm.overtakes.untransferred", result.deviceAhead(false), "");
        return figures;
    }

    /** What the names of a row's figures begin with. */
    static String name(Measured row) {
        return row.what() + "." + row.name() + "." + row.way();
    }

    /** The unit of a row's times: whole models take milliseconds to seconds, kernels microseconds to milliseconds. */
    static String unit(Measured row) {
        return row.tokens() > 0 ? "ms" : "us";
    }

    private static void row(Figures figures, BenchResult result, Measured row) {
        String name = name(row);
        String unit = unit(row);
        double units = unit.equals("ms") ? 1e3 : 1e6;
        figures.put(name + ".median", row.seconds().median() * units, unit);
        figures.put(name + ".min", row.seconds().min() * units, unit);
        figures.put(name + ".max", row.seconds().max() * units, unit);
        figures.put(
                name + ".spread",
                100 * (row.seconds().max() - row.seconds().min()) / row.seconds().median(),
                "%");
        figures.put(name + ".gflops", row.flopRate() / 1e9, "GFLOP/s");
        figures.put(name + ".gbs", row.byteRate() / 1e9, "GB/s");
        figures.put(name + ".intensity", row.intensity(), "FLOP/byte");
        if (!Double.isNaN(row.ofPeak())) {
            figures.put(name + ".peak", 100 * row.ofPeak(), "%");
        }
        if (row.tokens() > 0) {
            figures.put(name + ".rate", row.tokens() / row.seconds().median(), "tokens/s");
            figures.put(name + ".bytes", row.bytes() / row.tokens() / (1 << 20), "MiB a token");
        } else if (row.elements() > 0) {
            figures.put(name + ".rate", row.elements() / row.seconds().median() / 1e9, "G elements/s");
        }
        put(figures, name + ".speed", result.speedUp(row), "x");
        if (row.transferSeconds() > 0) {
            figures.put(name + ".transfer", row.transferSeconds() * units, unit);
            figures.put(name + ".untransferred", row.flops() / row.withoutTransfers() / 1e9, "GFLOP/s");
        }
    }

    private static void put(Figures figures, String name, OptionalDouble value, String unit) {
        value.ifPresent(v -> figures.put(name, v, unit));
    }
}
