package dev.eva.cli;

import dev.eva.gpu.OpenClDevices;
import dev.eva.measure.Bench;
import dev.eva.measure.BenchFigures;
import dev.eva.measure.BenchPage;
import dev.eva.measure.BenchPlan;
import dev.eva.measure.BenchResult;
import dev.eva.measure.Machine;
import dev.eva.measure.Way;
import dev.eva.measure.model.ModelProcess;
import dev.eva.report.Figures;
import dev.eva.report.PageFiles;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures ways to compute beside each other: SIMD kernels, the scalar reference, a device. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "How fast this machine is, CPU beside GPU, and how near to what it could be at most.",
        description = {
            "%nResults are compared with the scalar reference first, then the ways are timed in turn. Whole models "
                    + "run in a process for each choice of kernels.%n"
        },
        footer = {
            "",
            "Examples:",
            "  eva bench --quick",
            "  eva bench --what gemm,train --threads 1",
            "  eva bench --quick --what gemm --only 512",
            "  eva bench --json bench.json --html bench.html"
        })
final class BenchCommand implements Runnable {
    /** The provider of kernels that run on a device. */
    private static final String DEVICE_KERNELS = "opencl";

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--device",
            split = ",",
            paramLabel = "cpu|gpu[:N]",
            description = "cpu, gpu or gpu:N (N from eva devices), or cpu and one of them with a comma between; "
                    + "default: cpu, and gpu where there is one.")
    private List<String> devices;

    @Option(
            names = "--what",
            split = ",",
            paramLabel = "GROUP",
            converter = BenchGroup.class,
            description = "gemm, fp8, layers, train, generate, with commas between; default: all.")
    private List<BenchPlan.What> what;

    @Option(names = "--only", paramLabel = "TEXT", description = "Only cases with this in their name.")
    private String only = "";

    @Option(names = "--quick", description = "Under a minute, for a first look; figures are rougher.")
    private boolean quick;

    @Option(names = "--threads", paramLabel = "N", description = "Threads; default: one a core.")
    private Integer threads;

    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures into this file.")
    private Path json;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page with plots into this file.")
    private Path html;

    @Override
    public void run() {
        if (threads != null) {
            if (threads < 1) {
                throw new ParameterException(spec.commandLine(), "--threads " + threads + ": need at least 1");
            }
            Parallel.setThreads(threads);
        }
        List<Way> ways = ways();
        EnumSet<BenchPlan.What> groups = what == null ? EnumSet.allOf(BenchPlan.What.class) : EnumSet.copyOf(what);
        BenchPlan plan = quick ? BenchPlan.QUICK : BenchPlan.FULL;
        PrintWriter out = spec.commandLine().getOut();
        try (BenchProgress progress =
                new BenchProgress(out, spec.commandLine().getErr())) {
            Bench bench = new Bench(plan, ways, only, BenchCommand::process, progress);
            BenchResult result = bench.run(Machine.here(deviceOf(ways)), groups);
            progress.close();
            new BenchTable(result, out).print();
            write(result);
        }
    }

    private void write(BenchResult result) {
        Figures figures = BenchFigures.of(result);
        if (json != null) {
            PageFiles.figures(json, figures, about(result));
            spec.commandLine().getOut().println("figures: " + json);
        }
        if (html != null) {
            PageFiles.page(html, BenchPage.of(result, figures));
            spec.commandLine().getOut().println("page: " + html);
        }
    }

    private Map<String, Object> about(BenchResult result) {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        about.put("quick", quick);
        about.put("machine", result.machine());
        about.put("devices", openClDevices());
        about.put("ways", result.ways());
        about.put("leftOut", result.leftOut());
        about.put("verified", BenchPage.VERIFIED);
        return about;
    }

    private static List<OpenClDevices.Device> openClDevices() {
        return OpenClDevices.find().devices();
    }

    /** Every device's ways, the reference last. */
    private List<Way> ways() {
        List<String> named = devices == null ? defaults() : devices;
        List<Way> ways = new ArrayList<>();
        for (String name : named) {
            Matcher gpu = DeviceOption.GPU.matcher(name);
            if (name.equals("cpu")) {
                ways.addAll(Way.cpu());
            } else if (gpu.matches()) {
                ways.add(device(name, Optional.ofNullable(gpu.group(1)).map(Integer::valueOf)));
            } else {
                throw new ParameterException(
                        spec.commandLine(), "--device " + name + ": need cpu, gpu, gpu:N or cpu and one of them");
            }
        }
        if (named.stream().filter(n -> n.startsWith("gpu")).distinct().count() > 1) {
            throw new ParameterException(
                    spec.commandLine(), "--device " + String.join(",", named) + ": one device a run; need one gpu");
        }
        ways.remove(Way.REFERENCE);
        ways.add(Way.REFERENCE);
        return ways.stream().distinct().toList();
    }

    private static Way device(String name, Optional<Integer> number) {
        number.ifPresent(OpenCl::choose);
        missing().ifPresent(why -> {
            throw new IllegalStateException("--device " + name + ": " + why);
        });
        // A row of the device is the device's: here no product is too small for it. Models decide as they always do.
        OpenCl.takeEverySize();
        return Way.gpu(DEVICE_KERNELS);
    }

    /** The device that is compared with, and its driver; an empty string if there is none. */
    private static String deviceOf(List<Way> ways) {
        return ways.stream().anyMatch(Way::device) ? OpenCl.chosen() + ", driver " + OpenCl.driver() : "";
    }

    private static List<String> defaults() {
        return missing().isEmpty() ? List.of("cpu", "gpu") : List.of("cpu");
    }

    /** Why there is no device to compare with. */
    private static Optional<String> missing() {
        return Kernels.names().contains(DEVICE_KERNELS)
                ? Kernels.unavailable(DEVICE_KERNELS)
                : OpenClDevices.find().missing().or(() -> Optional.of("this build has no kernels for OpenCL"));
    }

    private static ModelProcess process(Way way, String preset) {
        List<String> flags = new ArrayList<>(List.of("-Deva.kernels=" + way.provider()));
        if (way.device()) {
            flags.add(OpenCl.choice());
        }
        return new ModelProcess(way.name(), BenchWorker.class, flags, preset, Parallel.threads());
    }
}
