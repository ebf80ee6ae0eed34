package dev.eva.model.parity;

import dev.eva.model.checkpoint.CheckpointException;
import dev.eva.model.checkpoint.ConfigJson;
import dev.eva.model.checkpoint.JsonFields;
import dev.eva.model.parity.Tolerance.Scale;
import dev.eva.moe.BalanceLoss;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.Router;
import dev.eva.moe.Routing;
import dev.eva.moe.RoutingBias;
import dev.eva.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Routing problems: logits and a bias, and where the tokens must go. */
final class RouterCase {
    private static final Tolerance RELATIVE = Tolerance.relative(1e-5, Scale.EACH);
    private static final Tolerance BIAS = Tolerance.absolute(2e-6);
    private static final float GAMMA = 0.001f;

    private RouterCase() {}

    static void compare(Path folder, Sheet sheet) {
        Path file = folder.resolve("router.json");
        JsonNode cases = JsonFields.tree(file);
        if (!cases.isArray()) {
            throw new CheckpointException(file + ": need an array of routing problems");
        }
        for (JsonNode c : cases) {
            if (!c.isObject() || !c.hasNonNull("id")) {
                throw new CheckpointException(file + ": a routing problem without id");
            }
            compare(c.get("id").asString(), config((ObjectNode) c, file), sheet);
        }
    }

    private static void compare(String id, MoeConfig config, Sheet sheet) {
        Tensor logits = sheet.floats(id + ".logits");
        int experts = config.nRoutedExperts();
        Tensor bias = sheet.has(id + ".bias") ? sheet.floats(id + ".bias") : Tensor.zeros(experts);
        if (logits.shape().rank() != 2 || logits.dim(1) != experts || bias.size() != experts) {
            throw new CheckpointException(id + ".logits " + logits.shape() + ", " + id + ".bias " + bias.shape()
                    + "; need (T, " + experts + ") and (" + experts + ")");
        }
        Routing routing = new Router(config, Tensor.zeros(experts, 1), bias).route(logits);
        sheet.equal(id + ".indices", () -> routing.expertIds().array());
        sheet.close(id + ".weights", () -> routing.weights().toArray(), RELATIVE);
        sheet.equal(id + ".counts", routing::counts);
        sheet.close(
                id + ".balance_loss",
                () -> BalanceLoss.balanceLoss(routing, 1, logits.dim(0), 1f).toArray(),
                RELATIVE);
        sheet.close(
                id + ".bias_next",
                () -> {
                    long[] counts =
                            Arrays.stream(routing.counts()).asLongStream().toArray();
                    RoutingBias.update(bias, counts, GAMMA);
                    return bias.toArray();
                },
                BIAS);
    }

    /** A problem has the keys of a model's config. */
    private static MoeConfig config(ObjectNode problem, Path file) {
        String keys = problem.deepCopy().put("model_type", "deepseek_v3").toString();
        String origin = file + ": problem " + problem.get("id");
        return ConfigJson.parse(keys, origin, ConfigJson.Mode.LENIENT).moe();
    }
}
