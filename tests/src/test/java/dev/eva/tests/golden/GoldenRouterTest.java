package dev.eva.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.moe.BalanceLoss;
import dev.eva.moe.MoE;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.Routing;
import dev.eva.moe.RoutingBias;
import dev.eva.moe.RoutingMethod;
import dev.eva.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * 200 routing problems with brute-force answers: groups, ties, negative and huge biases, scores near 1e-8. A gate
 * that is
 * the identity makes the input of the layer its router's logits.
 */
@Tag("kernels")
class GoldenRouterTest {
    private static final SafetensorsFile DATA = Golden.open("router/router.safetensors.gz");

    static Iterable<JsonNode> cases() {
        return Golden.json("router/router.json");
    }

    @AfterAll
    static void close() {
        DATA.close();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void routesAsBruteForceDoes(JsonNode c) {
        String id = c.get("id").asString();
        int e = c.get("n_routed_experts").intValue();
        MoE layer = MoE.random(config(c, e), 0.02f, new Random(1));
        Tensor bias = DATA.tensor(id + ".bias");
        layer.visit("", p -> {
            if (p.name().equals("gate")) {
                p.value().set(identity(e));
            } else if (p.name().equals("gateBias")) {
                p.value().set(bias);
            }
        });
        Routing routing = layer.forward(DATA.tensor(id + ".logits")).routing();
        SortedRouting sorted = SortedRouting.of(routing);
        assertThat(sorted.ids()).isEqualTo(DATA.ints(id + ".indices").array());
        float[] weights = DATA.tensor(id + ".weights").toArray();
        for (int i = 0; i < weights.length; i++) {
            assertThat((double) sorted.weights()[i]).isCloseTo(weights[i], within(1e-5 * weights[i]));
        }
        if (c.get("scoring_func").asString().equals("sigmoid")) {
            balance(id, routing, bias);
        }
    }

    private static void balance(String id, Routing routing, Tensor bias) {
        assertThat(routing.counts()).isEqualTo(DATA.ints(id + ".counts").array());
        double expected = DATA.tensor(id + ".balance_loss").get(0);
        double loss = BalanceLoss.balanceLoss(routing, 1, routing.expertIds().dim(0), 1f)
                .item();
        assertThat(loss).isCloseTo(expected, within(1e-5 * expected));
        RoutingBias.update(bias, Arrays.stream(routing.counts()).asLongStream().toArray(), 0.001f);
        Golden.assertClose(
                id + ".bias_next", bias, DATA.tensor(id + ".bias_next").toArray(), 2e-6);
    }

    private static MoeConfig config(JsonNode c, int e) {
        int groups = c.get("n_group").intValue();
        int kept = c.get("topk_group").intValue();
        RoutingMethod method = switch (c.get("topk_method").asString()) {
            case "noaux_tc" -> new RoutingMethod.NoauxTc(groups, kept);
            case "greedy" -> new RoutingMethod.Greedy();
            case "group_limited_greedy" -> new RoutingMethod.GroupLimitedGreedy(groups, kept);
            default -> throw new IllegalArgumentException(c.toString());
        };
        return new MoeConfig(
                e,
                e,
                0,
                c.get("num_experts_per_tok").intValue(),
                1,
                method,
                c.get("norm_topk_prob").booleanValue(),
                c.get("routed_scaling_factor").doubleValue());
    }

    private static Tensor identity(int n) {
        Tensor t = Tensor.zeros(n, n);
        for (int i = 0; i < n; i++) {
            t.array()[i * n + i] = 1;
        }
        return t;
    }
}
