package dev.eva.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.ParameterShape;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.HfNames;
import dev.eva.model.parity.Parity;
import dev.eva.model.parity.ParityReport;
import dev.eva.model.parity.ParityRow;
import dev.eva.model.parity.ParityRow.Verdict;
import dev.eva.nn.Parameter;
import dev.eva.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Everything that is computed, against Hugging Face transformers, brute force and float64, as {@code eva parity} does
 * it. Tolerances are about five times what float32 data differ from an independent float64 run.
 */
public class GoldenParityTest {
    @TempDir
    Path dir;

    @ParameterizedTest
    @Tag("kernels")
    @ValueSource(strings = {"v3-tiny", "moonlight-tiny", "v2-lite-tiny", "v2-tiny", "v3-mtp-tiny"})
    void modelsAgree(String name) {
        Path folder = Golden.unpack(name, dir);
        ParityReport report = agrees(folder);
        DeepSeekModel model = Checkpoint.load(folder);
        List<String> gradients = model.parameters().stream()
                .filter(p -> p.role() != Parameter.Role.BUFFER)
                .flatMap(p -> HfNames.pieces(p.name(), p.value().shape().dims()).stream())
                .map(piece -> "grad." + piece.name())
                .toList();
        assertThat(quantities(report))
                .containsAll(gradients)
                .contains("logits", "logits, decoded", "final_norm", "hidden.0", "attn.0", "loss", "generated_ids")
                .contains("router.1.logits", "router.1.indices", "router.1.weights");
        assertThat(model.parameters().stream().map(p -> p.name() + p.value().shape()))
                .containsExactlyElementsOf(ParameterShape.of(model.config()).stream()
                        .map(s -> s.name() + Shape.of(s.dims()))
                        .toList());
    }

    @Test
    @Tag("kernels")
    void aModelInFp8Agrees() {
        assertThat(quantities(agrees(Golden.unpack("v3-fp8-tiny", dir))))
                .contains("logits", "logits, decoded", "logits, mapped", "generated_ids")
                .contains("logits_w8a8", "logits_w8a8_long", "w8a8.router.1.indices")
                .contains("w8a8.out.model.layers.1.mlp.experts.0.down_proj.weight")
                .hasSize(53);
    }

    @Test
    @Tag("kernels")
    void trainingWithAdamWAgrees() {
        Golden.unpack("v3-tiny", dir);
        assertThat(quantities(agrees(Golden.unpack("train-v3-tiny", dir))))
                .contains("losses", "ce_losses", "balance_losses", "grad_norms", "counts", "bias", "final_delta_norm")
                .hasSizeGreaterThan(200);
    }

    /** Not tagged for the scalar kernels: Newton-Schulz iterations are most of its time and would take a minute. */
    @Test
    void trainingWithMuonAgrees() {
        Golden.unpack("v3-tiny", dir);
        assertThat(quantities(agrees(Golden.unpack("train-v3-tiny-muon", dir)))).hasSizeGreaterThan(200);
    }

    @ParameterizedTest
    @Tag("kernels")
    @CsvSource({"fp8-codec, 20", "rope-tables, 48", "router, 760"})
    void tablesAgree(String name, int quantities) {
        assertThat(quantities(agrees(Golden.unpack(name, dir)))).hasSize(quantities);
    }

    private static ParityReport agrees(Path folder) {
        ParityReport report = Parity.run(folder);
        assertThat(report.rows().stream().filter(r -> r.verdict() != Verdict.PASS))
                .isEmpty();
        return report;
    }

    private static List<String> quantities(ParityReport report) {
        return report.rows().stream().map(ParityRow::quantity).toList();
    }
}
