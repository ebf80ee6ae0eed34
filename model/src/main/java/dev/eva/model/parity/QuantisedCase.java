package dev.eva.model.parity;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.model.parity.Tolerance.Scale;
import dev.eva.moe.Routing;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * A checkpoint in FP8 blocks whose products take their input in FP8, too (W8A8): product by product, and end to end. An
 * input close to a border of rounding may fall on its other side in another order of additions, and that moves all that
 * follows; so the first is tight, and the last holds on average.
 */
final class QuantisedCase {
    private static final String INPUT = "w8a8.in.";
    private static final String OUTPUT = "w8a8.out.";
    private static final String ROUTER = "w8a8.router.";
    private static final Tolerance PRODUCT = Tolerance.relative(1e-5, Scale.LARGEST);
    private static final Tolerance LOGITS = Tolerance.absolute(1e-3);
    private static final Tolerance ON_AVERAGE =
            Tolerance.absolute(Double.POSITIVE_INFINITY).withMean(0.1);
    private static final Predicate<String> MINE =
            Pattern.compile("w8a8[._].+|logits_w8a8.*").asMatchPredicate();

    private final Path folder;
    private final Sheet sheet;

    QuantisedCase(Path folder, Sheet sheet) {
        this.folder = folder;
        this.sheet = sheet;
    }

    /** Compares what the file has of it. */
    void compare() {
        if (sheet.open().stream().noneMatch(MINE)) {
            return;
        }
        try (MappedModel mapped = Checkpoint.openW8a8(folder)) {
            products(mapped);
            if (sheet.has("w8a8_input_ids")) {
                endToEnd(mapped.model(), sheet.ints("w8a8_input_ids", 2));
            }
            if (sheet.has("logits_w8a8_long")) {
                float[] logits = logits(mapped.model(), sheet.ints("input_ids", 2));
                sheet.close("logits_w8a8_long", () -> logits, ON_AVERAGE);
            }
        }
    }

    private void products(MappedModel mapped) {
        List<String> inputs =
                sheet.open().stream().filter(n -> n.startsWith(INPUT)).toList();
        for (String input : inputs) {
            String weight = input.substring(INPUT.length());
            if (!mapped.files().has(weight) || mapped.files().entry(weight).shape().length != 2) {
                sheet.skip(n -> n.equals(input) || n.equals(OUTPUT + weight), "the checkpoint has no such matrix");
                continue;
            }
            Tensor x = sheet.floats(input);
            sheet.close(OUTPUT + weight, () -> mapped.linear(weight).forward(x).toArray(), PRODUCT);
        }
    }

    private void endToEnd(DeepSeekModel model, IntTensor ids) {
        Map<Integer, float[]> routerLogits = new LinkedHashMap<>();
        try (Workspace.Scope step = new Workspace().open()) {
            DeepSeekModel.Output out = model.forward(ids, (what, layer, value) -> {
                if (what.equals("router.logits")) {
                    routerLogits.put(layer, value.toArray());
                }
            });
            sheet.close("logits_w8a8", () -> out.logits().toArray(), LOGITS);
            routerLogits.forEach((l, value) -> sheet.close(ROUTER + l + ".logits", () -> value, LOGITS));
            for (int i = 0; i < out.routings().size(); i++) {
                Routing r = out.routings().get(i);
                String layer = ROUTER + (model.config().firstKDenseReplace() + i);
                sheet.equal(layer + ".indices", () -> r.expertIds().array());
                sheet.close(layer + ".weights", () -> r.weights().toArray(), LOGITS);
            }
        }
    }

    private static float[] logits(DeepSeekModel model, IntTensor ids) {
        try (Workspace.Scope step = new Workspace().open()) {
            return model.forward(ids).logits().toArray();
        }
    }
}
