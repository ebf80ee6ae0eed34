package dev.eva.masterclass;

import dev.eva.masterclass.ProductExperiment.Result;
import dev.eva.measure.Timing;
import dev.eva.report.BarChart;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;

/** What a product gains from eight bits, and when. */
final class ProductSection implements Section {
    private static final String DEVICE = "opencl";
    private static final int RUNS = 10;
    private static final int SIDE = 1000;
    private static final int LONG_SIDE = 4096;
    private static final double MB = 1 << 20;

    @Override
    public String id() {
        return "fp8-product";
    }

    @Override
    public String title() {
        return "Products in FP8 and in F32";
    }

    @Override
    public void run(Lesson lesson) {
        lesson.text(
                "The founding document multiplies two matrices of $1000 \\times 1000$ ten times: in F32, in FP8 with "
                        + "both converted every time, and in FP8 with the weight converted once. A processor without "
                        + "FP8 units, like every CPU today, widens the codes and multiplies in F32, so nothing is "
                        + "gained in arithmetic. What is gained is traffic: the weight is a quarter of the bytes.");
        lesson.formula(
                "y_{ij} = \\sum_b (\\sum_{p \\in b} \\hat{x}_{ip} \\hat{w}_{jp}) \\cdot s^x_{ib} \\cdot s^w_{jb}",
                "$\\hat{x}, \\hat{w}$ codes; $b$ the tiles of $128$ along the sum; a scale for each tile of a row of "
                        + "$x$ and each block of $w$. Products of codes are added in F32.");
        lesson.code(ProductExperiment.class, "products");
        Gemm chosen = Kernels.find(Gemm.class, Gemm.REFERENCE);
        Gemm host = Kernels.findWithout(DEVICE, Gemm.class, Gemm.REFERENCE);
        Result square = new ProductExperiment(host, SIDE, SIDE, SIDE, lesson.random("square")).run(RUNS);
        lesson.progress("products", 0.5);
        Result row = new ProductExperiment(host, 1, LONG_SIDE, LONG_SIDE, lesson.random("row")).run(RUNS);
        List<Result> results = new ArrayList<>(List.of(square, row));
        List<String> names = new ArrayList<>(List.of("square", "row"));
        List<String> labels =
                new ArrayList<>(List.of("$1000 \\times 1000$ rows by $1000$ columns", "one row, $4096 \\times 4096$"));
        if (chosen != host) {
            names.add("device");
            labels.add("the first on the OpenCL device");
            results.add(new ProductExperiment(chosen, SIDE, SIDE, SIDE, lesson.random("square")).run(RUNS));
        }
        lesson.progress("products", 1);
        table(lesson, names, labels, results);
        if (chosen == host) {
            lesson.text("All on the CPU: with `--device gpu` the first product is measured on an OpenCL device, too.");
        }
        conclusions(lesson, square, row);
    }

    private static void table(Lesson lesson, List<String> names, List<String> labels, List<Result> results) {
        Figures f = lesson.figures();
        DataTable table = DataTable.of(
                "Milliseconds, medians of $10$ in turn, and how many times those of F32.",
                "",
                "F32",
                "convert + FP8",
                "ratio",
                "converted once",
                "ratio",
                "weight F32, MB",
                "FP8, MB");
        for (int i = 0; i < results.size(); i++) {
            Result r = results.get(i);
            String at = "fp8-product." + names.get(i) + ".";
            put(f, at + "f32", r.f32());
            put(f, at + "convert", r.convert());
            put(f, at + "converted", r.converted());
            f.put(at + "convert_ratio", r.convertRatio(), "x");
            f.put(at + "converted_ratio", r.convertedRatio(), "x");
            f.put(at + "f32_bytes", r.f32Bytes() / MB, "MB");
            f.put(at + "fp8_bytes", r.fp8Bytes() / MB, "MB");
            f.put(at + "difference", r.difference());
            table = table.row(
                    labels.get(i),
                    "{=" + at + "f32:2}",
                    "{=" + at + "convert:2}",
                    "{" + at + "convert_ratio:2}",
                    "{=" + at + "converted:2}",
                    "{" + at + "converted_ratio:2}",
                    "{=" + at + "f32_bytes:2}",
                    "{=" + at + "fp8_bytes:2}");
        }
        lesson.table(table);
    }

    private static void put(Figures f, String name, Timing t) {
        f.put(name, 1e3 * t.median(), "ms");
        f.put(name + "_min", 1e3 * t.min(), "ms");
        f.put(name + "_max", 1e3 * t.max(), "ms");
    }

    private static void conclusions(Lesson lesson, Result square, Result row) {
        lesson.picture(
                "fp8-product-times",
                new BarChart("Time of a product, F32 = 1", "", "times F32", List.of("1000 rows", "one row"))
                        .bars("F32", 1, 1)
                        .bars("convert + FP8", square.convertRatio(), row.convertRatio())
                        .bars("converted once", square.convertedRatio(), row.convertedRatio())
                        .labels(),
                "Less is quicker. With a thousand rows the weight is read once and used a thousand times, so "
                        + "arithmetic decides; with one row, as in writing a text token by token, reading the weight "
                        + "is all there is.");
        lesson.finding("With many rows FP8 takes {fp8-product.square.converted_ratio:2} times as long as F32 once the "
                + "weight is converted, {fp8-product.square.convert_ratio:2} with conversion each time; with one row "
                + "it takes {fp8-product.row.converted_ratio:2} as long, reading a quarter of the bytes: that ratio "
                + "is below one where memory is what limits, above where widening the codes is. The results differ by "
                + "{fp8-product.square.difference} in the measure of DeepSeek's own kernels, whose tests ask for less "
                + "than $0.001$.");
    }
}
