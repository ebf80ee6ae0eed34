package dev.eva.model.train;

import dev.eva.model.checkpoint.AtomicFile;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code metrics.jsonl}: a line a step with the keys {@code step, seconds, tokens, loss, mtp_loss, val_loss, lr,
 * grad_norm, tokens_per_s, max_vio, max_vio_layers}. {@code mtp_loss} is there for models with multi-token prediction,
 * {@code val_loss} only where it was evaluated; a skipped step has {@code "skipped": true}; what is not
 * finite is null. {@code kept_bytes} is what a batch keeps for its backward pass. Every 50th step of an FP8 run has an
 * array {@code fp8} of {@code part, kind, overflow, underflow, min_scale, max_scale}, see {@link RoundingMetrics}.
 */
final class MetricsLog implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final BufferedWriter out;

    private MetricsLog(BufferedWriter out) {
        this.out = out;
    }

    /**
     * Opens the file for the steps after {@code step}: lines of later steps, and one that was not finished, are cut
     * off.
     */
    static MetricsLog open(Path file, long step) throws IOException {
        if (Files.exists(file)) {
            StringBuilder kept = new StringBuilder();
            for (StepMetrics m : read(file)) {
                if (m.step() <= step) {
                    kept.append(line(m));
                }
            }
            AtomicFile.write(file, kept.toString());
        }
        return new MetricsLog(Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
    }

    void add(StepMetrics m) throws IOException {
        out.write(line(m));
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    /** All whole lines of the file. */
    static List<StepMetrics> read(Path file) throws IOException {
        List<StepMetrics> all = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            try {
                all.add(parse(JSON.readTree(line)));
            } catch (JacksonException e) {
                // A process that was killed while writing leaves half a line, and nothing after it.
                break;
            }
        }
        return all;
    }

    static String line(StepMetrics m) {
        ObjectNode node = JSON.createObjectNode().put("step", m.step());
        put(node, "seconds", m.seconds());
        node.put("tokens", m.tokens());
        put(node, "loss", m.loss());
        m.mtpLoss().ifPresent(v -> put(node, "mtp_loss", v));
        m.valLoss().ifPresent(v -> put(node, "val_loss", v));
        node.put("lr", (float) m.lr());
        put(node, "grad_norm", m.gradNorm());
        put(node, "tokens_per_s", m.tokensPerS());
        put(node, "max_vio", m.maxVio());
        ArrayNode layers = node.putArray("max_vio_layers");
        m.layerMaxVio().forEach(v -> layers.add(v.doubleValue()));
        node.put("kept_bytes", m.keptBytes());
        if (m.skipped()) {
            node.put("skipped", true);
        }
        if (!m.fp8().isEmpty()) {
            putFp8(node.putArray("fp8"), m.fp8());
        }
        return JSON.writeValueAsString(node) + "\n";
    }

    private static void putFp8(ArrayNode array, List<RoundingMetrics> all) {
        for (RoundingMetrics r : all) {
            ObjectNode node = array.addObject().put("part", r.part()).put("kind", r.kind());
            put(node, "overflow", r.overflow());
            put(node, "underflow", r.underflow());
            put(node, "min_scale", r.minScale());
            put(node, "max_scale", r.maxScale());
        }
    }

    private static List<RoundingMetrics> fp8(JsonNode array) {
        List<RoundingMetrics> all = new ArrayList<>();
        for (JsonNode n : array) {
            all.add(new RoundingMetrics(
                    n.path("part").stringValue(""),
                    n.path("kind").stringValue(""),
                    number(n, "overflow"),
                    number(n, "underflow"),
                    number(n, "min_scale"),
                    number(n, "max_scale")));
        }
        return all;
    }

    private static void put(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) {
            node.put(key, value);
        } else {
            node.putNull(key);
        }
    }

    private static StepMetrics parse(JsonNode n) {
        return new StepMetrics(
                n.path("step").longValue(),
                number(n, "seconds"),
                n.path("tokens").longValue(),
                number(n, "loss"),
                optional(n, "mtp_loss"),
                optional(n, "val_loss"),
                number(n, "lr"),
                number(n, "grad_norm"),
                number(n, "tokens_per_s"),
                number(n, "max_vio"),
                n.path("max_vio_layers")
                        .valueStream()
                        .map(JsonNode::doubleValue)
                        .toList(),
                n.path("skipped").booleanValue(false),
                n.path("kept_bytes").longValue(0),
                fp8(n.path("fp8")));
    }

    private static OptionalDouble optional(JsonNode n, String key) {
        return n.hasNonNull(key) ? OptionalDouble.of(number(n, key)) : OptionalDouble.empty();
    }

    private static double number(JsonNode n, String key) {
        return n.path(key).doubleValue(Double.NaN);
    }
}
