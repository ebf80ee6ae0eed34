package dev.eva.bench;

import dev.eva.measure.Effort;
import dev.eva.measure.Peaks;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.ParameterCount;
import dev.eva.model.Presets;
import dev.eva.tensor.Parallel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** Whole models: each side a process, all asked in turn. */
final class ModelLines {
    private static final double GIGA = 1e9;
    private static final boolean HAS_AMX = hasAmx();
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final boolean quick;
    private final int rounds;
    private final Path peers;

    /**
     * @param peers folder of the peers, or null
     */
    ModelLines(boolean quick, Path peers) {
        this.quick = quick;
        this.rounds = quick ? 3 : 5;
        this.peers = peers;
    }

    /** Tokens a second and peak memory of training steps beside PyTorch. */
    List<Line> training(String preset, String size, double aim) {
        String[] numbers = size.split("x");
        double tokens = Double.parseDouble(numbers[0]) * Double.parseDouble(numbers[1]);
        try (Beside eva = Beside.eva("train", preset, size, "0");
                Beside torch = peers == null ? null : Beside.python(peers, "train_step.py", preset, size)) {
            warm(eva, quick ? 5 : 15);
            String what = preset + " " + size;
            if (torch == null) {
                double[] seconds = eva.ask("step " + 3 * rounds);
                return List.of(Line.alone(what + ", tokens/s", Side.of(s -> tokens / s, seconds), ""));
            }
            warm(torch, quick ? 1 : 4);
            int steps = stepsOf(eva, 1.5);
            Turns turns = Turns.of(rounds, rate(eva, steps, tokens), rate(torch, steps, tokens));
            Side evaMib = Side.of(eva.peakMib());
            Side torchMib = Side.of(torch.peakMib());
            Side ratio = Side.of(evaMib.median() / torchMib.median());
            Line memory = new Line(what + ", largest resident set, MiB", evaMib, torchMib, ratio, "", null, "");
            return List.of(
                    turns.line(what + ", tokens/s", steps + " steps a round").ratioAtLeast(aim),
                    memory.ratioAtMost(0.5));
        }
    }

    private static DoubleSupplier rate(Beside side, int steps, double tokens) {
        return () -> tokens / Side.of(side.ask("step " + steps)).median();
    }

    private static void warm(Beside side, double seconds) {
        double left = seconds;
        for (int i = 0; i < 3 || left > 0; i++) {
            left -= side.ask("step 1")[0];
        }
    }

    private static int stepsOf(Beside side, double seconds) {
        return Math.max(1, (int) Math.round(seconds / side.ask("step 1")[0]));
    }

    /** A prompt of {@code n} tokens, tokens a second, beside llama.cpp. */
    Line prefill(String type, int n, double aim) throws IOException {
        try (Beside eva = Beside.eva("open", lite(type))) {
            eva.ask("prefill " + n + " " + (n > 64 ? 2 : 6));
            Turns turns = Turns.of(3, () -> n / median(eva.ask("prefill " + n + " 1")), () -> llama(type, n, 0));
            return turns.line(label(type) + ", prompt of " + n, "").ratioAtLeast(aim);
        }
    }

    /** Decoding, tokens a second, beside llama.cpp, and its share of the bandwidth of memory. */
    List<Line> decode(String type, double aim, double bandwidthAim) throws IOException {
        int n = 64;
        try (Beside eva = Beside.eva("open", lite(type))) {
            eva.ask("decode 1 " + n + " 1");
            Turns turns = Turns.of(3, () -> n / median(eva.ask("decode 1 " + n + " 1")), () -> llama(type, 0, n));
            Parallel.setThreads(Beside.THREADS);
            double read = Peaks.measure(quick ? Effort.QUICK : Effort.FULL, Peaks.MEGABYTES)
                            .read()
                    / GIGA;
            double bytes = bytesAToken(type) / GIGA;
            Side rate = Side.of(turns.a().median() * bytes);
            Side share = Side.of(turns.a().median() * bytes / read);
            String note = String.format(Locale.ROOT, "%.0f MB of weights a token", bytes * 1000);
            return List.of(
                    turns.line(label(type) + ", " + n + " tokens, tokens/s", "").ratioAtLeast(aim),
                    new Line(
                                    label(type) + ", GB/s of weights; in the peer's place what a sum of 1 GiB reads",
                                    rate,
                                    Side.of(read),
                                    share,
                                    "",
                                    null,
                                    note)
                            .ratioAtLeast(bandwidthAim));
        }
    }

    /** What lines call it: beside the layout of releases in FP8 there is one whose head is in FP8, as in Q8_0. */
    private static String label(String type) {
        return type.equals("fp8-head") ? "fp8, head too" : type;
    }

    /** Weights that a token meets but the embedding: in fp8 files the head is bf16, as in releases. */
    private static double bytesAToken(String type) {
        DeepSeekConfig config = Presets.byName("lite");
        ParameterCount count = ParameterCount.of(config);
        double head = (double) config.vocabSize() * config.hiddenSize();
        double all = count.active() - count.embedding();
        return switch (type) {
            case "f32" -> 4 * all;
            case "bf16" -> 2 * all;
            case "fp8-head" -> all;
            default -> all - head + 2 * head;
        };
    }

    private String lite(String type) {
        if (peers == null) {
            throw new IllegalArgumentException(
                    "performance: inference needs --peers FOLDER, which bench/peers/setup.sh makes");
        }
        return peers.resolve("lite").resolve(type).toString();
    }

    /** Tokens a second of llama-bench with its better setting, flash attention. */
    private double llama(String type, int prompt, int generated) {
        String model = "lite-" + (type.startsWith("fp8") ? "q8_0" : type) + ".gguf";
        List<String> command = new ArrayList<>();
        command.add(peers.resolve("llama.cpp/build/bin/llama-bench").toString());
        command.addAll(List.of("-m", peers.resolve(model).toString(), "-fa", "1", "-r", "1", "-o", "jsonl"));
        command.addAll(List.of("-t", Integer.toString(Beside.THREADS)));
        command.addAll(List.of("-p", Integer.toString(prompt), "-n", Integer.toString(generated)));
        if (type.startsWith("fp8") && HAS_AMX) {
            command.addAll(List.of("--repack", "0"));
        }
        return JSON.readTree(lastLine(command)).path("avg_ts").asDouble();
    }

    /**
     * Whether llama.cpp would lay Q8_0 weights out for AMX, as it does by itself where the processor has it, and then
     * stop at an assertion: it has no such product for latent attention's weights of each head.
     */
    private static boolean hasAmx() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.anyMatch(l -> l.startsWith("flags") && l.contains(" amx_int8"));
        } catch (IOException e) {
            return false;
        }
    }

    private static String lastLine(List<String> command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0 || out.isBlank()) {
                throw new IllegalStateException("performance: failed: " + String.join(" ", command));
            }
            return out.lines().reduce((first, last) -> last).orElseThrow();
        } catch (IOException e) {
            throw new IllegalStateException("performance: cannot start " + command.getFirst(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** 8 against 256 experts with the same ones active, milliseconds. */
    List<Line> experts() {
        List<Line> lines = new ArrayList<>();
        try (Beside many = Beside.eva("train", "shakespeare-bench", "32x128", "256");
                Beside few = Beside.eva("train", "shakespeare-bench", "32x128", "8")) {
            warm(many, quick ? 4 : 12);
            warm(few, quick ? 4 : 12);
            Turns turns =
                    Turns.of(rounds, () -> 1e3 * median(many.ask("step 2")), () -> 1e3 * median(few.ask("step 2")));
            lines.add(turns.line("training step, shakespeare-bench 32x128, ms", "")
                    .ratioAtMost(1.15));
        }
        try (Beside many = Beside.eva("random", "small", "256", "0");
                Beside few = Beside.eva("random", "small", "8", "0")) {
            many.ask("decode 1 64 4");
            few.ask("decode 1 64 4");
            Turns turns = Turns.of(
                    rounds,
                    () -> 1e3 / 64 * median(many.ask("decode 1 64 1")),
                    () -> 1e3 / 64 * median(few.ask("decode 1 64 1")));
            lines.add(turns.line("decoded token, small, F32, ms", "").ratioAtMost(1.1));
        }
        return lines;
    }

    /** What a token costs behind longer and longer contexts, microseconds. */
    List<Line> context() {
        List<Line> lines = new ArrayList<>();
        int longest = quick ? 8192 : 32768;
        try (Beside eva = Beside.eva("random", "mini", "0", Integer.toString(longest + 64))) {
            eva.ask("decode 1024 64 8");
            Side base = null;
            double seconds = 0;
            int before = 0;
            ParameterCount count = ParameterCount.of(Presets.byName("mini"));
            for (int context = 1024; context <= longest; context *= 2) {
                // A prompt is read in chunks: this one's are those of the one before, and some more.
                seconds += eva.ask("extend " + before + " " + context)[0];
                before = context;
                Side side = Side.of(s -> 1e6 / 16 * s, eva.ask("decode " + context + " 16 5"));
                base = base == null ? side : base;
                String note = String.format(
                        Locale.ROOT,
                        "cache %.1f MB; the prompt at %.0f tokens/s",
                        4e-6 * context * count.cacheRow(),
                        context / seconds);
                Side ratio = Side.of(side.median() / base.median());
                lines.add(new Line("mini, a token behind " + context + ", us", side, base, ratio, "", null, note));
            }
        }
        return lines;
    }

    private static double median(double... samples) {
        return Side.of(samples).median();
    }
}
