package dev.eva.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/**
 * Measures sections of docs/performance.md, keeps each as JSON in bench/target/performance, and writes the page from
 * all that are there. {@code bench/performance.sh} runs it.
 */
public final class Performance {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String PAGE = "performance";

    private boolean quick;
    private Path peers;
    private Path kept = Path.of("bench/target/performance");
    private Path out = Path.of("docs", PAGE + ".md");
    private List<String> only = List.of("");

    /** Measures. */
    @FunctionalInterface
    private interface Measurement {
        List<Line> lines() throws IOException, InterruptedException;
    }

    /** A section before it is measured. */
    private record Plan(String id, String title, String peer, String text, Measurement measurement) {}

    private Performance() {}

    /** Options: see bench/performance.sh. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Performance p = new Performance();
        try {
            p.options(args);
            p.run();
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    private void options(String... args) {
        for (int i = 0; i < args.length; i++) {
            if (i + 1 == args.length && !args[i].equals("--quick")) {
                throw new IllegalArgumentException("performance: " + args[i] + ": need --quick, or a value after it");
            }
            switch (args[i]) {
                case "--quick" -> quick = true;
                case "--out" -> out = Path.of(args[++i]);
                case "--peers" -> peers = Path.of(args[++i]).toAbsolutePath();
                case "--only" -> only = List.of(args[++i].split(","));
                default ->
                    throw new IllegalArgumentException("performance: " + args[i]
                            + "; need --quick, --peers FOLDER, --only SECTION,... or --out FILE");
            }
        }
    }

    private void run() throws IOException, InterruptedException {
        Files.createDirectories(kept);
        List<Plan> plans = plans();
        List<Plan> chosen = plans.stream()
                .filter(p -> only.stream().anyMatch(p.id()::startsWith))
                .toList();
        if (chosen.isEmpty() && !only.equals(List.of("page"))) {
            throw new IllegalArgumentException("performance: --only " + String.join(",", only) + "; there are page, "
                    + String.join(", ", plans.stream().map(Plan::id).toList()));
        }
        for (Plan plan : chosen) {
            System.err.println(plan.id());
            keep(plan, plan.measurement().lines());
            // Also after each: a measurement that breaks off loses itself alone.
            page(plans);
        }
        page(plans);
        System.err.println("written: " + out);
    }

    private void keep(Plan plan, List<Line> lines) throws IOException {
        String command = "bench/performance.sh" + (quick ? " --quick" : "") + (peers == null ? "" : " --peers FOLDER")
                + " --only " + plan.id().replaceFirst("-.*", "");
        Section section = new Section(
                plan.id(), plan.title(), plan.peer(), command, LocalDate.now().toString(), plan.text(), lines);
        Path part = kept.resolve(plan.id() + ".json.part");
        Files.writeString(part, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(section));
        Files.move(part, file(plan.id()), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private Path file(String id) {
        return kept.resolve(id + ".json");
    }

    private void page(List<Plan> plans) throws IOException {
        List<Section> sections = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (Plan plan : plans) {
            if (Files.exists(file(plan.id()))) {
                sections.add(JSON.readValue(Files.readString(file(plan.id())), Section.class));
            } else {
                missing.add(plan.id());
            }
        }
        PerformancePage.write(out, sections, missing, picture());
    }

    /** Beside the page of a machine, performance-NAME.md, its own roofline-NAME.png. */
    private String picture() {
        return out.getFileName().toString().replace(PAGE, "roofline").replaceFirst("\\.md$", "") + ".png";
    }

    /** In the order of the page. */
    private List<Plan> plans() {
        KernelLines kernels = new KernelLines(quick, peers);
        List<Plan> plans = new ArrayList<>();
        plans.add(new Plan("ceilings", "Ceilings", "", "", kernels::ceilings));
        for (int threads : new int[] {1, 2}) {
            plans.add(new Plan(
                    "sgemm-" + threads,
                    "Matrix products, F32, " + (threads == 1 ? "one thread" : "two threads") + ", GFLOP/s",
                    "OpenBLAS",
                    "Eva multiplies a weight that it has prepared twice, as in training: from the second time on it"
                            + " begins with a line of the cache; `_nt`: by the transposed.",
                    () -> kernels.products(threads)));
        }
        models(plans);
        for (int threads : new int[] {1, 2}) {
            plans.add(new Plan(
                    "conversion-" + threads,
                    "FP8 conversion, " + (threads == 1 ? "one thread" : "two threads") + ", G elements/s",
                    "PyTorch",
                    "4096 x 4096 values; of PyTorch eager or compiled, whichever is faster.",
                    () -> kernels.conversion(threads)));
            plans.add(new Plan(
                    "attention-" + threads,
                    "Attention, " + (threads == 1 ? "one thread" : "two threads") + ", GFLOP/s",
                    "multiply-adds in registers",
                    "Causal, one head a thread; only operations of the lower triangle count.",
                    () -> kernels.attention(threads)));
        }
        plans.add(new Plan(
                "roofline",
                "Roofline, GFLOP/s",
                "roof",
                "The lower of arithmetic and memory; above 1 where operands come from a cache.",
                () -> kernels.roofline(out.resolveSibling(picture()))));
        return plans;
    }

    private void models(List<Plan> plans) {
        ModelLines models = new ModelLines(quick, peers);
        String text = "Forward, loss, backward, clipping, AdamW in F32 on two threads; PyTorch compiled, its"
                + " memory tuned.";
        for (String[] c : new String[][] {
            {"shakespeare-bench", "12x64", "1.6"},
            {"shakespeare-bench", "32x128", "1.6"},
            {"mini", "8x128", "1.25"},
            {"small", "8x256", "1.3"}
        }) {
            plans.add(new Plan(
                    "training-" + c[0] + "-" + c[1],
                    "Training step",
                    "PyTorch",
                    text,
                    () -> models.training(c[0], c[1], Double.parseDouble(c[2]))));
        }
        for (String type : List.of("f32", "bf16", "fp8", "fp8-head")) {
            plans.add(new Plan(
                    "decode-" + type,
                    "Decoding, lite, two threads",
                    "llama.cpp (FP8: Q8_0)",
                    "",
                    () -> models.decode(type, type.startsWith("fp8") ? 1.1 : 1, type.startsWith("fp8") ? 0.7 : 0.85)));
        }
        for (String type : List.of("f32", "bf16", "fp8", "fp8-head")) {
            plans.add(new Plan(
                    "prefill-" + type,
                    "Prompts, lite, two threads, tokens/s",
                    "llama.cpp (FP8: Q8_0)",
                    "",
                    () -> List.of(models.prefill(type, 512, 1.5), models.prefill(type, 64, 1.2))));
        }
        plans.add(new Plan("experts", "256 experts and 8, the same ones active", "8 experts", "", models::experts));
        plans.add(new Plan("context", "Long contexts", "behind 1024", "", models::context));
        ProcessLines processes = new ProcessLines(quick, peers, kept);
        plans.add(new Plan("start", "Start-up", "", "", processes::start));
        String quality =
                "Seconds from the start of the process to a validation loss of 1.898 nats a character, start-up"
                        + " and evaluations included; wanted: a third of the recipe's.";
        plans.add(new Plan("quality-eva", "Time to quality", "", quality, () -> processes.qualityOfEva(280)));
        plans.add(new Plan(
                "quality-peer",
                "Time to quality",
                "",
                quality,
                () -> processes.qualityOfPeer(
                        Path.of("model/src/main/resources/dev/eva/model/text/tinyshakespeare.txt"), 2000)));
    }
}
