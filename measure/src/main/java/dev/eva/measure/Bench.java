package dev.eva.measure;

import dev.eva.measure.model.ModelCase;
import dev.eva.measure.model.ModelProcess;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Runs a plan: each case is verified on every way, then timed on all of them in turn. Whole models run in a process a
 * way, because a process has one choice of kernels.
 */
public final class Bench {
    private static final int CHECKS = 3;
    /** Relative: losses after three steps, logits behind a few tokens. */
    private static final double CHECK_TOLERANCE = 2e-3;
    /** A model's share of work beside a kernel's. */
    private static final int MODEL = 30;
    /** Warm-up of a kernel that has not run yet: compiling its loops takes a second or so. */
    private static final int COLD = 5;

    private final BenchPlan plan;
    private final List<Way> ways;
    private final String only;
    private final BiFunction<Way, String, ModelProcess> processes;
    private final Progress progress;
    private final Set<String> warm = new HashSet<>();
    private final List<Measured> rows = new ArrayList<>();
    private final Map<String, Peaks.Ceiling> ceilings = new LinkedHashMap<>();

    /** Hears what is being measured. */
    @FunctionalInterface
    public interface Progress {
        void now(String what);
    }

    /**
     * @param ways to compare, those that work here; the last one is the reference
     * @param only what the names of cases have to contain
     * @param processes starts one with the kernels of a way and the model of a preset
     */
    public Bench(
            BenchPlan plan,
            List<Way> ways,
            String only,
            BiFunction<Way, String, ModelProcess> processes,
            Progress progress) {
        this.plan = plan;
        this.ways = List.copyOf(ways);
        this.only = only;
        this.processes = processes;
        this.progress = progress;
    }

    /**
     * Measures ceilings first, then the groups.
     *
     * @throws IllegalStateException if some way computes something else than the reference
     */
    public BenchResult run(Machine machine, EnumSet<BenchPlan.What> groups) {
        progress.now("ceilings: multiply-adds and memory");
        Peaks peaks = Peaks.measure(plan.effort(), plan.peakMegabytes());
        for (Way way : ways) {
            ceilings.put(
                    way.name(),
                    way.device() ? Peaks.device(way, plan.effort()) : new Peaks.Ceiling(peaks.flops(), peaks.read()));
        }
        for (BenchPlan.What what : groups) {
            for (Supplier<Case> made : plan.kernels(what)) {
                Case c = made.get();
                if (c.name().contains(only)) {
                    kernel(c);
                }
            }
            plan.models(what).stream()
                    .filter(c -> c.name().contains(only))
                    .collect(Collectors.groupingBy(ModelCase::preset, LinkedHashMap::new, Collectors.toList()))
                    .forEach(this::models);
        }
        if (rows.isEmpty()) {
            throw new IllegalArgumentException(
                    "bench: nothing to measure: no case of " + groups + " has --only " + only + " in its name");
        }
        return new BenchResult(machine, peaks, ways, ceilings, rows);
    }

    /** A case on a way, verified, with the transfers of its runs. */
    private static final class Ready implements Runnable {
        final Way way;
        final Running running;
        private double transfers;
        private int runs;

        Ready(Way way, Running running) {
            this.way = way;
            this.running = running;
            // What the first, verifying run took.
            running.transferSeconds().getAsDouble();
        }

        @Override
        public void run() {
            running.run().run();
            transfers += running.transferSeconds().getAsDouble();
            runs++;
        }
    }

    private void kernel(Case c) {
        progress.now(c.what() + " " + c.name());
        List<Ready> ready = new ArrayList<>();
        for (Way way : ways) {
            if (!way.isReference() || c.flops() <= plan.referenceFlops()) {
                c.on(way).ifPresent(running -> ready.add(verified(c, way, running)));
            }
        }
        if (warm.add(c.kernel())) {
            ready.stream()
                    .filter(r -> !r.way.isReference())
                    .forEach(r -> Interleaved.fill(COLD * plan.effort().warmSeconds(), r));
        }
        List<Timing> timings = Interleaved.time(plan.effort(), ready);
        for (int i = 0; i < timings.size(); i++) {
            Ready r = ready.get(i);
            Peaks.Ceiling ceiling = ceilings.get(r.way.name());
            rows.add(new Measured(
                    c.what(),
                    c.name(),
                    c.size(),
                    r.way.name(),
                    timings.get(i),
                    c.flops(),
                    c.bytes(),
                    c.elements(),
                    0,
                    r.transfers / r.runs,
                    ceiling.flops(),
                    ceiling.bytes()));
        }
    }

    private static Ready verified(Case c, Way way, Running running) {
        running.run().run();
        if (!way.isReference()) {
            c.verify(way, running.result().get());
        }
        return new Ready(way, running);
    }

    /** Cases of one preset share the processes. */
    private void models(String preset, List<ModelCase> cases) {
        Map<Way, ModelProcess> all = new LinkedHashMap<>();
        Set<String> checked = new HashSet<>();
        try {
            for (Way way : ways) {
                all.put(way, processes.apply(way, preset));
            }
            for (ModelCase c : cases) {
                progress.now(c.what() + " " + c.name());
                if (checked.add(c.check())) {
                    verify(c, all);
                }
                model(c, all);
            }
        } finally {
            all.values().forEach(ModelProcess::close);
        }
    }

    private void model(ModelCase c, Map<Way, ModelProcess> all) {
        List<Way> timed = ways.stream()
                .filter(w -> ways.size() == 1 || !w.isReference() || c.flops() <= MODEL * plan.referenceFlops())
                .toList();
        timed.forEach(w -> warm(c, all.get(w), w));
        List<Timing> timings = Interleaved.measure(
                0,
                plan.effort().samples(),
                timed.stream()
                        .map(w -> (DoubleSupplier)
                                () -> all.get(w).ask(c.request()).seconds())
                        .toList());
        for (int i = 0; i < timings.size(); i++) {
            String way = timed.get(i).name();
            Peaks.Ceiling ceiling = ceilings.get(way);
            rows.add(new Measured(
                    c.what(),
                    c.name(),
                    0,
                    way,
                    timings.get(i),
                    c.flops(),
                    c.bytes(),
                    0,
                    c.tokens(),
                    0,
                    ceiling.flops(),
                    ceiling.bytes()));
        }
    }

    /** The reference is slow either way. */
    private void warm(ModelCase c, ModelProcess process, Way way) {
        double left = way.isReference() ? 0 : plan.modelWarmSeconds();
        while (left > 0) {
            left -= process.ask(c.request()).seconds();
        }
    }

    /** The same answers from all, several times, and none that is no number. The last way is the one to agree with. */
    private void verify(ModelCase c, Map<Way, ModelProcess> all) {
        Way oracle = ways.getLast();
        for (int check = 0; check < CHECKS; check++) {
            double expected = all.get(oracle).ask(c.check()).checked();
            for (Way way : ways) {
                double given =
                        way == oracle ? expected : all.get(way).ask(c.check()).checked();
                if (!(Math.abs(given - expected) <= CHECK_TOLERANCE * Math.abs(expected))) {
                    throw new IllegalStateException("bench: " + c.what() + " " + c.name() + ": wrong result: "
                            + c.check() + " gives " + given + " on " + way.name() + " and " + expected + " on "
                            + oracle.name() + "; need a relative difference within " + CHECK_TOLERANCE);
                }
            }
        }
    }
}
