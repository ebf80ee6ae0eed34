package dev.eva.measure;

import dev.eva.measure.model.ModelCase;
import dev.eva.measure.model.ModelProcess;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
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
    /** A model's share of work beside a kernel's, for the reference. */
    private static final int MODEL = 30;
    /** A model's run beside a kernel's, for what is worth waiting for. */
    private static final int MODEL_RUN = 4;
    /** Warm-up of a CPU's kernel that has not run yet: compiling its loops takes a second or so. */
    private static final int COLD = 5;

    private final BenchPlan plan;
    private final List<Way> ways;
    private final String only;
    private final BiFunction<Way, String, ModelProcess> processes;
    private final Progress progress;
    private final Set<String> warm = new HashSet<>();
    /** Seconds of an operation on a way, by the fastest run of the last case of each kernel. */
    private final Map<String, Double> paces = new HashMap<>();

    private final List<String> leftOut = new ArrayList<>();
    private int begun;
    private int count;
    private final List<Measured> rows = new ArrayList<>();
    private final Map<String, Peaks.Ceiling> ceilings = new LinkedHashMap<>();

    /** Hears what is being measured. */
    @FunctionalInterface
    public interface Progress {
        /**
         * A case begins, or goes on with another way.
         *
         * @param begun cases so far, this one among them
         * @param count of all
         */
        void now(int begun, int count, String what);
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
        count = plan.count(groups);
        say("ceilings: multiply-adds and memory");
        Peaks peaks = Peaks.measure(plan.effort(), plan.peakMegabytes());
        for (Way way : ways) {
            ceilings.put(
                    way.name(),
                    way.device() ? Peaks.device(way, plan.effort()) : new Peaks.Ceiling(peaks.flops(), peaks.read()));
        }
        for (BenchPlan.What what : groups) {
            for (Supplier<Case> made : plan.kernels(what)) {
                begun++;
                Case c = made.get();
                if (c.name().contains(only)) {
                    kernel(c);
                }
            }
            List<ModelCase> models = plan.models(what);
            int after = begun + models.size();
            models.stream()
                    .filter(c -> c.name().contains(only))
                    .collect(Collectors.groupingBy(ModelCase::preset, LinkedHashMap::new, Collectors.toList()))
                    .forEach(this::models);
            begun = after;
        }
        if (rows.isEmpty()) {
            throw new IllegalArgumentException(
                    "bench: nothing to measure: no case of " + groups + " has --only " + only + " in its name");
        }
        return new BenchResult(machine, peaks, ways, ceilings, rows, leftOut);
    }

    private void say(String what) {
        progress.now(begun, count, what);
    }

    /** Whether a run is short enough, going by the last one of the same kernel; if not, that is kept for the result. */
    private boolean isWorthIt(Way way, String kernel, String label, double flops, double longest) {
        double seconds = flops * paces.getOrDefault(way.name() + kernel, 0.0);
        if (seconds > longest) {
            leftOut.add(String.format(Locale.ROOT, "%s on %s, about %.0f s a run", label, way.name(), seconds));
        }
        return seconds <= longest;
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
        String label = c.what() + " " + c.name();
        List<Ready> ready = new ArrayList<>();
        for (Way way : ways) {
            boolean timed = way.isReference()
                    ? c.flops() <= plan.referenceFlops()
                    : isWorthIt(way, c.kernel(), label, c.flops(), plan.longestRun());
            if (timed) {
                say(label + ": verified on " + way.name());
                c.on(way).ifPresent(running -> ready.add(verified(c, way, running)));
            }
        }
        say(label);
        if (warm.add(c.kernel())) {
            ready.stream()
                    .filter(r -> !r.way.isReference() && !r.way.device())
                    .forEach(r -> Interleaved.fill(COLD * plan.effort().warmSeconds(), r));
        }
        List<Timing> timings = Interleaved.time(plan.effort(), ready);
        for (int i = 0; i < timings.size(); i++) {
            Ready r = ready.get(i);
            Peaks.Ceiling ceiling = ceilings.get(r.way.name());
            paces.put(r.way.name() + c.kernel(), timings.get(i).min() / c.flops());
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
                begun++;
                say(c.what() + " " + c.name());
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
        String label = c.what() + " " + c.name();
        String kernel = c.request().split(" ")[0];
        List<Way> timed = ways.stream()
                .filter(w -> ways.size() == 1 || !w.isReference() || c.flops() <= MODEL * plan.referenceFlops())
                .filter(w -> isWorthIt(w, kernel, label, c.flops(), MODEL_RUN * plan.longestRun()))
                .toList();
        boolean first = warm.add(c.preset() + kernel);
        int[] runs = timed.stream()
                .mapToInt(w -> {
                    say(label + ": warm-up on " + w.name());
                    return plan.effort().samples(warm(c, all.get(w), w, first));
                })
                .toArray();
        say(label);
        List<Timing> timings = Interleaved.measure(
                runs,
                timed.stream()
                        .map(w -> (DoubleSupplier)
                                () -> all.get(w).ask(c.request()).seconds())
                        .toList());
        for (int i = 0; i < timings.size(); i++) {
            Way way = timed.get(i);
            Peaks.Ceiling ceiling = ceilings.get(way.name());
            double median = timings.get(i).median();
            paces.put(way.name() + kernel, timings.get(i).min() / c.flops());
            rows.add(new Measured(
                    c.what(),
                    c.name(),
                    0,
                    way.name(),
                    timings.get(i),
                    c.flops(),
                    c.bytes(),
                    0,
                    c.tokens(),
                    way.device() ? median * all.get(way).transferShare(c.request()) : 0,
                    ceiling.flops(),
                    ceiling.bytes()));
        }
    }

    /**
     * Seconds of the last run. The reference is slow either way; and where the processes have done the like before,
     * there is less to compile.
     */
    private double warm(ModelCase c, ModelProcess process, Way way, boolean first) {
        double left = way.isReference() ? 0 : first ? plan.modelWarmSeconds() : plan.modelWarmSeconds() / COLD;
        double seconds;
        do {
            seconds = process.ask(c.request()).seconds();
            left -= seconds;
        } while (left > 0);
        return seconds;
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
