package dev.eva.masterclass;

import dev.eva.fp8.Fp8Converter;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Quality;
import dev.eva.fp8.Fp8Scale;
import dev.eva.masterclass.Fp8Experiment.ErrorCurve;
import dev.eva.masterclass.Fp8Experiment.Granularity;
import dev.eva.report.BarChart;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import dev.eva.report.LineChart;
import dev.eva.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The two formats of eight bits, and why everything depends on who shares a scale. */
final class Fp8Section implements Section {
    private static final List<Float> SCALES = List.of(0.1f, 10f, 100f);

    @Override
    public String id() {
        return "fp8";
    }

    @Override
    public String title() {
        return "Numbers of eight bits";
    }

    @Override
    public void run(Lesson lesson) {
        formats(lesson);
        converter(lesson);
        counters(lesson);
        granularity(lesson);
    }

    private static void formats(Lesson lesson) {
        lesson.text(
                "A quarter of the bytes of F32 is a quarter of the memory and of the traffic. Eight bits are a sign, "
                        + "an exponent and a mantissa: *E4M3* has four bits of exponent and three of mantissa, *E5M2* "
                        + "trades a bit of precision for range.");
        lesson.formula(
                "x = (-1)^s \\cdot 2^{e - \\text{bias}} \\cdot (1 + \\frac{m}{2^M})",
                "$M$ bits of mantissa: $3$ with a bias of $7$, or $2$ with a bias of $15$; exponent $0$ is for "
                        + "subnormal numbers, which go on in equal steps down to $0$",
                "rounding to the nearest code loses at most $2^{-M-1}$ of a normal number: a sixteenth, or an eighth");
        Figures f = lesson.figures();
        DataTable table = DataTable.of("The positive finite numbers of both formats.", "", "codes", "least", "largest");
        LineChart points = new LineChart("All positive code points", "code", "value").logY();
        LineChart errors = new LineChart("Error without a scale", "magnitude of x", "mean relative error, %").logLog();
        for (Fp8Format format : Fp8Format.values()) {
            String at = "fp8." + format.name().toLowerCase(Locale.ROOT) + ".";
            double[] all = Fp8Experiment.codePoints(format);
            f.put(at + "codes", all.length);
            f.put(at + "least", all[0]);
            f.put(at + "largest", all[all.length - 1]);
            table = table.row(format.name(), "{" + at + "codes}", "{" + at + "least}", "{" + at + "largest}");
            double[] code = new double[all.length];
            Arrays.setAll(code, i -> i + 1);
            points.points(format.name(), code, all);
            ErrorCurve curve = Fp8Experiment.formatErrors(format, -24, 20);
            errors.curve(format.name(), curve.magnitude(), curve.error());
        }
        lesson.table(table);
        lesson.picture(
                "fp8-codes",
                points,
                "Every number there is, on a logarithmic scale. Straight stretches are normal numbers, a factor of "
                        + "two for each $8$ or $4$ codes; the curve at the lower end are the subnormal ones.");
        lesson.picture(
                "fp8-errors",
                errors,
                "Between its least normal and its largest number a format keeps one relative error, and E4M3 half of "
                        + "E5M2's. Below, all is lost gradually ($100$ % means rounded to zero); above, values "
                        + "saturate at the largest number. A *scale* moves this window to where the data are.");
    }

    private static void converter(Lesson lesson) {
        lesson.heading("The converter");
        lesson.text("The founding document's converter keeps one scale for activations, one for gradients and one for "
                + "weights, and sets them from the data. It takes E4M3 for activations and E5M2 for weights; "
                + "DeepSeek-V3 trains with E4M3 for everything, with a scale for every $128$ values, because "
                + "precision, not range, is what is missing once scales are fine. [DeepSeek-V3, arXiv:2412.19437, "
                + "section 3.3.2]");
        lesson.formula("\\text{scale} = \\frac{\\max | x |}{\\text{largest}} \\quad \\hat{x} = \\text{scale} \\cdot "
                + "\\text{nearest}(x / \\text{scale})");
        lesson.code(Fp8Experiment.class, "convert");
        Figures f = lesson.figures();
        DataTable table = DataTable.of(
                "Normal values, $100 \\times 100$, a scale for the tensor: what conversion and back leaves.",
                "",
                "max abs error",
                "mean rel. error",
                "SNR",
                "correlation");
        Fp8Converter converter = new Fp8Converter(Fp8Format.E4M3, Fp8Format.E5M2, Fp8Format.E5M2);
        for (Fp8Converter.Kind kind : List.of(Fp8Converter.Kind.ACTIVATION, Fp8Converter.Kind.WEIGHT)) {
            String format = converter.format(kind).name();
            for (float std : SCALES) {
                Fp8Quality q = Fp8Experiment.converted(kind, converter, std, lesson.random("fp8 " + std));
                String at = "fp8.table." + format.toLowerCase(Locale.ROOT) + "." + number(std) + ".";
                f.put(at + "max_abs_error", q.maxAbsError());
                f.put(at + "mean_relative_error", 100 * q.meanRelativeError(), "%");
                f.put(at + "snr", q.snrDb(), "dB");
                f.put(at + "correlation", q.correlation());
                table = table.row(
                        format + ", values times $" + number(std) + "$",
                        "{" + at + "max_abs_error}",
                        "{" + at + "mean_relative_error:2}",
                        "{" + at + "snr:1}",
                        "{" + at + "correlation:5}");
            }
        }
        lesson.table(table);
        lesson.finding("With a scale from the data it does not matter how large they are: E4M3 keeps "
                + "{fp8.table.e4m3.0.1.snr:1}, {fp8.table.e4m3.10.snr:1} and {fp8.table.e4m3.100.snr:1}, E5M2 about "
                + "six less, which is one bit.");
    }

    private static String number(float std) {
        return std == Math.rint(std) ? Integer.toString((int) std) : Float.toString(std);
    }

    private static void counters(Lesson lesson) {
        Fp8Converter converter = Fp8Converter.e4m3();
        Fp8Converter.Kind kind = Fp8Converter.Kind.ACTIVATION;
        Figures f = lesson.figures();
        DataTable table = DataTable.of(
                "One converter, fed one batch after the other; counters are of all batches so far.",
                "",
                "scale",
                "conversions",
                "overflow rate");
        String[] what = {"scale from the batch", "ten times as large, old scale", "scale from the batch again"};
        for (int i = 0; i < what.length; i++) {
            Tensor x = Tensor.randn(
                    lesson.random("counters"), 0f, i == 0 ? 1f : 10f, Fp8Experiment.SIDE, Fp8Experiment.SIDE);
            if (i != 1) {
                converter.update(kind, x);
            }
            converter.convert(kind, x);
            String at = "fp8.counter." + i + ".";
            f.put(at + "scale", converter.scale(kind));
            f.put(at + "conversions", converter.statistics(kind).conversions());
            f.put(at + "overflow", 100 * converter.statistics(kind).overflowRate(), "%");
            table = table.row(what[i], "{" + at + "scale}", "{" + at + "conversions}", "{" + at + "overflow:2}");
        }
        lesson.table(table);
        lesson.text("A scale that is kept from step to step saturates when activations grow; that is why DeepSeek-V3 "
                + "computes scales from the values at hand, every time.");
    }

    private static void granularity(Lesson lesson) {
        lesson.heading("Who shares a scale?");
        lesson.text(
                "One outlier sets the scale for all that share it. DeepSeek-V3 scales activations in tiles of 1x128 "
                        + "(a token, $128$ channels) and weights in blocks of 128x128. On even data that gains "
                        + "little; real activations are not even. Below, a matrix of $1024 \\times 1024$ normal "
                        + "values, and the same with regions and rows that differ by decades.");
        Tensor even = Tensor.randn(lesson.random("even"), 0f, 1f, Fp8Experiment.LARGE, Fp8Experiment.LARGE);
        Tensor uneven = Fp8Experiment.uneven(lesson.random("uneven"));
        Figures f = lesson.figures();
        DataTable table =
                DataTable.of("Signal to noise, in dB.", "", "E4M3 even", "E4M3 uneven", "E5M2 even", "E5M2 uneven");
        Granularity[] all = Granularity.values();
        double[][] snr = new double[4][all.length];
        LineChart errors = new LineChart("E4M3, uneven matrix", "magnitude of x", "mean relative error, %").logLog();
        for (int g = 0; g < all.length; g++) {
            String[] row = {all[g].label, "", "", "", ""};
            for (int c = 0; c < 4; c++) {
                Fp8Format format = c < 2 ? Fp8Format.E4M3 : Fp8Format.E5M2;
                Tensor x = c % 2 == 0 ? even : uneven;
                String name = "fp8.snr." + all[g].id + "." + format.name().toLowerCase(Locale.ROOT)
                        + (c % 2 == 0 ? ".even" : ".uneven");
                snr[c][g] = Fp8Experiment.tiled(format, all[g].tiling, Fp8Scale.FLOAT32, x)
                        .snrDb();
                f.put(name, snr[c][g], "dB");
                row[c + 1] = "{=" + name + ":1}";
            }
            table = table.row(row);
            ErrorCurve curve = Fp8Experiment.tileErrors(all[g].tiling, uneven, -20, 16);
            errors.curve(all[g].label, curve.magnitude(), curve.error());
        }
        lesson.table(table);
        lesson.picture(
                "fp8-snr",
                new BarChart(
                                "Signal to noise",
                                "",
                                "dB",
                                Arrays.stream(all).map(g -> g.label).toList())
                        .bars("E4M3 even", snr[0])
                        .bars("E4M3 uneven", snr[1])
                        .bars("E5M2 even", snr[2])
                        .bars("E5M2 uneven", snr[3]),
                "The table as bars. The signal to noise ratio is ruled by the large values, so even here the tensor "
                        + "scale looks harmless.");
        lesson.picture(
                "fp8-granularity",
                errors,
                "The same errors by the size of the value: with one scale all small values are lost, however "
                        + "important they are to the token they belong to. Tiles keep them down to magnitudes a "
                        + "thousand times less.");
        lesson.finding("On even data all three agree: {fp8.snr.tensor.e4m3.even:1}, {fp8.snr.tile.e4m3.even:1} and "
                + "{fp8.snr.block.e4m3.even:1}. What fine scales buy shows in the second picture, not in the ratio: "
                + "they save the small values, and with them the tokens and channels that are quiet.");
    }
}
