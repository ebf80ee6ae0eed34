package dev.eva.measure;

import dev.eva.measure.cases.AttentionCase;
import dev.eva.measure.cases.DequantizeCase;
import dev.eva.measure.cases.ExpertsCase;
import dev.eva.measure.cases.GemmCase;
import dev.eva.measure.cases.LatentCase;
import dev.eva.measure.cases.NetworkCase;
import dev.eva.measure.cases.QuantizeCase;
import dev.eva.measure.cases.RowCases;
import dev.eva.measure.cases.Shape;
import dev.eva.measure.cases.StoredCase;
import dev.eva.measure.model.ModelCase;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * What is measured, and how long.
 *
 * @param effort of each case
 * @param referenceFlops operations up to which the reference is timed, too; beyond, it verifies alone
 * @param longestRun seconds of a kernel's run that are worth waiting for; of a model's four times as many. What would
 *     take longer on some way, going by its last case, is left out there
 * @param modelWarmSeconds that a whole model runs uncounted, which compiles over seconds where a kernel needs moments
 * @param peakMegabytes array that is read for the ceiling of memory
 */
public record BenchPlan(
        boolean quick,
        Effort effort,
        double referenceFlops,
        double longestRun,
        double modelWarmSeconds,
        int peakMegabytes) {
    /** Groups of cases. */
    public enum What {
        GEMM,
        FP8,
        LAYERS,
        TRAIN,
        GENERATE;

        /** As users write it. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Under a minute for everything, a table to look at. */
    public static final BenchPlan QUICK = new BenchPlan(true, Effort.QUICK, 5e7, 0.5, 0.5, 128);
    /** Some minutes, figures to quote. */
    public static final BenchPlan FULL = new BenchPlan(false, Effort.FULL, 6e8, 4, 15, Peaks.MEGABYTES);

    /** How many cases there are in some groups. */
    int count(Collection<What> groups) {
        return groups.stream()
                .mapToInt(w -> kernels(w).size() + models(w).size())
                .sum();
    }

    /** Cases of a group of kernels, made when they are asked for: some hold hundreds of megabytes. */
    public List<Supplier<Case>> kernels(What what) {
        return switch (what) {
            case GEMM -> gemm();
            case FP8 -> fp8();
            case LAYERS -> layers();
            case TRAIN, GENERATE -> List.of();
        };
    }

    private List<Supplier<Case>> gemm() {
        List<Supplier<Case>> cases = new ArrayList<>();
        List<String> shapes = new ArrayList<>();
        for (int n : quick ? new int[] {64, 128, 256, 512, 1024} : new int[] {64, 128, 256, 512, 1024, 2048, 4096}) {
            shapes.add(n + "x" + n + "x" + n);
        }
        if (quick) {
            shapes.addAll(List.of("768x128x128_nt", "2048x1024x384_nt", "1x4096x4096_nt"));
        } else {
            Shape.ALL.stream().filter(Shape::transposed).map(Shape::toString).forEach(shapes::add);
        }
        for (String shape : shapes) {
            cases.add(() -> new GemmCase(Shape.parse(shape)));
        }
        return cases;
    }

    private List<Supplier<Case>> fp8() {
        int n = quick ? 2048 : 4096;
        int rows = quick ? 2048 : 16384;
        List<Supplier<Case>> cases = new ArrayList<>();
        cases.add(() -> new QuantizeCase(n, n));
        cases.add(() -> new DequantizeCase(n, n));
        for (int m : quick ? new int[] {1, 64} : new int[] {1, 4, 16, 64, 256}) {
            for (StoredCase.Type type : StoredCase.Type.values()) {
                if (!quick || m == 1 || type != StoredCase.Type.BF16) {
                    cases.add(() -> new StoredCase(type, m, rows, 2048));
                }
            }
        }
        return cases;
    }

    private List<Supplier<Case>> layers() {
        int t = quick ? 256 : 1024;
        int elements = quick ? 1 << 21 : 1 << 23;
        List<Supplier<Case>> cases = new ArrayList<>();
        cases.add(() -> new AttentionCase(false, 8, t, 64, 64));
        cases.add(() -> new AttentionCase(true, 8, t, 64, 64));
        cases.add(() -> new LatentCase(16, quick ? 4096 : 32768, 256, 32));
        cases.add(() -> new ExpertsCase(16, quick ? 1024 : 4096, 384, 512));
        cases.add(() -> quick ? new NetworkCase(128, 256, 512) : new NetworkCase(1024, 384, 1024));
        for (String name : RowCases.names()) {
            if (!quick || List.of("rmsnorm", "swiglu", "softmax", "adamw").contains(name)) {
                cases.add(() -> RowCases.of(name, elements));
            }
        }
        return cases;
    }

    /** Cases of a group of whole models. */
    public List<ModelCase> models(What what) {
        return switch (what) {
            case GEMM, FP8, LAYERS -> List.of();
            case TRAIN ->
                quick
                        ? List.of(
                                ModelCase.train("shakespeare-bench", 2, 32),
                                ModelCase.train("shakespeare-bench", 12, 64))
                        : List.of(
                                ModelCase.train("shakespeare-bench", 2, 32),
                                ModelCase.train("shakespeare-bench", 12, 64),
                                ModelCase.train("shakespeare-bench", 32, 128),
                                ModelCase.train("mini", 8, 128),
                                ModelCase.train("small", 8, 256));
            case GENERATE ->
                quick
                        ? List.of(ModelCase.decode("mini", 8), ModelCase.prefill("mini", 64))
                        : List.of(
                                ModelCase.decode("small", 8),
                                ModelCase.decode("small", 64),
                                ModelCase.prefill("small", 64),
                                ModelCase.prefill("small", 512));
        };
    }
}
