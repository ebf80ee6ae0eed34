package dev.eva.tests.golden;

import static dev.eva.tests.golden.Golden.assertClose;
import static dev.eva.tests.golden.Golden.assertCloseToMax;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.MultiToken;
import dev.eva.model.Probe;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.HfNames;
import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.nn.Parameter;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.Add;
import dev.eva.tensor.ops.CrossEntropy;
import dev.eva.tensor.ops.Scale;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A checkpoint with a multi-token prediction layer: its forward pass, both losses, and every gradient of their sum. */
@Tag("kernels")
class GoldenPredictionTest {
    private static final String CASE = "v3-mtp-tiny";
    private static final float WEIGHT = 0.3f;

    @Test
    void thePredictionLayersForwardPassAgrees() {
        DeepSeekModel model = Checkpoint.load(Golden.path(CASE));
        assertThat(model.predictionLayers()).hasSize(1);
        try (SafetensorsFile expected = Golden.open(CASE + "/expected.safetensors.gz")) {
            IntTensor ids = expected.ints("input_ids");
            Map<String, float[]> seen = new HashMap<>();
            Probe probe = (what, layer, value) -> seen.put(what + "." + layer, value.toArray());
            MultiToken.Depth depth =
                    MultiToken.forward(model, model.forward(ids), ids, probe).getFirst();
            assertCloseToMax("input", seen.get("mtp.input.2"), values(expected, "mtp.input"), 3e-5);
            assertCloseToMax("hidden", seen.get("hidden.2"), values(expected, "mtp.hidden"), 3e-5);
            assertCloseToMax("router", seen.get("router.logits.2"), values(expected, "mtp.router.logits"), 3e-5);
            SortedRouting routing = SortedRouting.of(depth.routing());
            assertThat(routing.ids()).isEqualTo(expected.ints("mtp.router.indices").array());
            assertClose("weights", routing.weights(), values(expected, "mtp.router.weights"), 2.5e-5);
            assertClose("logits", depth.logits(), values(expected, "mtp_logits"), 2e-4);
        }
    }

    @Test
    void lossesAndEveryGradientAgree() {
        DeepSeekModel model = Checkpoint.load(Golden.path(CASE));
        try (SafetensorsFile expected = Golden.open(CASE + "/expected.safetensors.gz")) {
            IntTensor ids = expected.ints("input_ids");
            try (Workspace.Scope step = new Workspace().open();
                    Tape tape = Tape.open()) {
                DeepSeekModel.Output main = model.forward(ids);
                Tensor loss = CrossEntropy.crossEntropy(main.logits(), Targets.next(ids));
                Tensor prediction = MultiToken.loss(MultiToken.forward(model, main, ids, Probe.NONE), ids);
                Tensor total = Add.add(loss, Scale.scale(prediction, WEIGHT));
                assertLoss(expected, "loss", loss);
                assertLoss(expected, "mtp_loss", prediction);
                assertLoss(expected, "total_loss", total);
                tape.backward(total);
            }
            List<String> compared = new ArrayList<>();
            for (Parameter p : model.parameters()) {
                if (p.role() != Parameter.Role.BUFFER) {
                    gradients(p, expected, compared);
                }
            }
            assertThat(compared)
                    .containsExactlyInAnyOrderElementsOf(expected.entries().keySet().stream()
                            .filter(k -> k.startsWith("grad."))
                            .toList());
        }
    }

    private static void gradients(Parameter p, SafetensorsFile expected, List<String> compared) {
        float[] all = p.value().gradOrZeros().toArray();
        for (HfNames.Piece piece : HfNames.pieces(p.name(), p.value().shape().dims())) {
            String key = "grad." + piece.name();
            float[] grad = Golden.gradient(expected, key);
            float[] actual = Arrays.copyOfRange(all, piece.offset(), piece.offset() + piece.size());
            assertClose(key, actual, grad, 5e-5 * Golden.maxAbs(grad) + 1e-6);
            compared.add(key);
        }
    }

    private static void assertLoss(SafetensorsFile expected, String name, Tensor loss) {
        assertThat((double) loss.item())
                .as(name)
                .isCloseTo(expected.tensor(name).get(0), within(2e-5));
    }

    private static float[] values(SafetensorsFile expected, String name) {
        return expected.tensor(name).toArray();
    }
}
