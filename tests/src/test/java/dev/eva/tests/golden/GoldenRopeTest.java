package dev.eva.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.mla.MlaConfig;
import dev.eva.model.checkpoint.ConfigJson;
import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.nn.Rope;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Frequencies, cos, sin and softmax scales of released models, from the keys of their configurations. */
class GoldenRopeTest {
    private static final JsonNode TABLES = Golden.json("rope-tables/rope.json");

    static Stream<String> tables() {
        return TABLES.properties().stream()
                .map(Map.Entry::getKey)
                .filter(k -> TABLES.get(k).has("softmax_scale"));
    }

    @ParameterizedTest
    @MethodSource("tables")
    void tablesAgree(String table) {
        JsonNode expected = TABLES.get(table);
        ObjectNode json = ((ObjectNode) expected.deepCopy()).put("model_type", "deepseek_v3");
        MlaConfig mla = ConfigJson.parse(json.toString(), table, ConfigJson.Mode.LENIENT)
                .mla();
        Rope rope = new Rope(mla.rope(), mla.qkRopeHeadDim(), 100_001);
        double scale = expected.get("softmax_scale").doubleValue();
        double multiplier = expected.get("cos_sin_multiplier").doubleValue();
        assertThat(rope.softmaxScale(mla.qkHeadDim())).isCloseTo(scale, within(1e-12 * scale));
        assertThat(rope.multiplier()).isCloseTo(multiplier, within(1e-12 * multiplier));
        try (SafetensorsFile file = Golden.open("rope-tables/rope.safetensors.gz")) {
            float[] frequencies = file.tensor(table + ".inv_freq").toArray();
            for (int k = 0; k < frequencies.length; k++) {
                // PyTorch's power is not correctly rounded: two units in the last place in a pair of a table.
                assertThat(rope.frequencies()[k]).isCloseTo(frequencies[k], within(2 * Math.ulp(frequencies[k])));
            }
            int[] positions = file.ints("positions").array();
            for (int i = 0; i < positions.length; i++) {
                row(table, file, rope, i, positions[i]);
            }
        }
    }

    /**
     * The float32 product of position and frequency, as the models were trained, is what far positions must agree
     * with.
     */
    private static void row(String table, SafetensorsFile file, Rope rope, int row, int position) {
        Rope.Tables t = rope.tables(position + 1);
        float[] cos = file.tensor(table + ".cos").toArray();
        float[] sin = file.tensor(table + ".sin").toArray();
        float[] frequencies = file.tensor(table + ".inv_freq").toArray();
        float[] exact = file.tensor(table + ".cos_exact").toArray();
        double exactTolerance = position <= 5 ? 5e-7 : position <= 5000 ? 5e-4 : 1e-2;
        for (int k = 0; k < t.pairs(); k++) {
            String where = table + " position " + position + " pair " + k;
            int at = position * t.pairs() + k;
            int from = row * t.pairs() + k;
            // A last place in a frequency is one in the angle, which multipliers up to 1.5 pass on.
            double angles = Math.abs(position * rope.frequencies()[k] - position * frequencies[k]);
            double tolerance = 1e-6 + 1.5 * angles;
            assertThat((double) t.cos()[at]).as(where).isCloseTo(cos[from], within(tolerance));
            assertThat((double) t.sin()[at]).as(where).isCloseTo(sin[from], within(tolerance));
            assertThat((double) t.cos()[at]).as(where).isCloseTo(exact[from], within(exactTolerance));
        }
    }
}
