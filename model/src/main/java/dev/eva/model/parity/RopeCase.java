package dev.eva.model.parity;

import dev.eva.mla.MlaConfig;
import dev.eva.model.checkpoint.ConfigJson;
import dev.eva.model.checkpoint.JsonFields;
import dev.eva.model.parity.Tolerance.Scale;
import dev.eva.nn.Rope;
import dev.eva.tensor.IntTensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Frequencies, cos, sin and softmax scales of rotary embedding, from the keys of configurations. */
final class RopeCase {
    private static final Tolerance TABLE = Tolerance.absolute(1e-6);
    private static final Tolerance ROUNDING = Tolerance.absolute(1e-12);
    private static final Tolerance DOUBLE = Tolerance.relative(1e-12, Scale.EACH);
    /** PyTorch's power is not correctly rounded: two units in the last place in a pair of a table. */
    private static final Tolerance FREQUENCY = Tolerance.relative(2.4e-7, Scale.EACH);
    /** Powers and ramps in float32 against float64. */
    private static final Tolerance EXACT_FREQUENCY = Tolerance.relative(2e-6, Scale.EACH);

    private final Sheet sheet;
    private final String table;
    private final Rope rope;
    private final int[] positions;
    private final Rope.Tables tables;

    private RopeCase(Sheet sheet, String table, MlaConfig mla, int[] positions) {
        this.sheet = sheet;
        this.table = table;
        this.positions = positions;
        int most = Arrays.stream(positions).max().orElse(0);
        this.rope = new Rope(mla.rope(), mla.qkRopeHeadDim(), most + 1);
        this.tables = rope.tables(most + 1);
    }

    static void compare(Path folder, Sheet sheet) {
        JsonFields json = JsonFields.read(folder.resolve("rope.json"));
        IntTensor positions = sheet.ints("positions", 1);
        for (String table : json.node().propertyNames()) {
            JsonNode node = json.node().get(table);
            if (node.isObject()) {
                String keys = ((ObjectNode) node.deepCopy())
                        .put("model_type", "deepseek_v3")
                        .toString();
                MlaConfig mla = ConfigJson.parse(keys, json.path() + table, ConfigJson.Mode.LENIENT)
                        .mla();
                RopeCase c = new RopeCase(sheet, table, mla, positions.array());
                c.scales(json.object(table).orElseThrow(), mla);
                c.tables();
            }
        }
    }

    private void scales(JsonFields json, MlaConfig mla) {
        json.optionalNumber("softmax_scale")
                .ifPresent(s -> one("softmax_scale", rope.softmaxScale(mla.qkHeadDim()), s));
        json.optionalNumber("cos_sin_multiplier").ifPresent(m -> one("cos_sin_multiplier", rope.multiplier(), m));
        if (json.has("inv_freq_float64")) {
            double[] exact = json.node()
                    .get("inv_freq_float64")
                    .valueStream()
                    .mapToDouble(JsonNode::doubleValue)
                    .toArray();
            sheet.compare(table + ".inv_freq_float64", Sheet.doubles(rope.frequencies()), exact, EXACT_FREQUENCY);
        }
    }

    private void one(String quantity, double actual, double reference) {
        sheet.compare(table + "." + quantity, new double[] {actual}, new double[] {reference}, DOUBLE);
    }

    /**
     * The float32 product of position and frequency, as the models were trained, is what far positions must agree with;
     * there a last place in a frequency is one in the angle, which the multiplier passes on.
     */
    private void tables() {
        float[] own = rope.frequencies();
        sheet.close(table + ".inv_freq", () -> own, FREQUENCY);
        float[] frequencies = sheet.has(table + ".inv_freq") ? sheet.reference(table + ".inv_freq") : own;
        int pairs = own.length;
        if (frequencies.length != pairs) {
            return;
        }
        double factor = Math.max(1, rope.multiplier());
        double[] angles = each(i -> {
            float position = positions[i / pairs];
            return factor * Math.abs(position * own[i % pairs] - position * frequencies[i % pairs]);
        });
        double[] far = each(i -> {
            int position = positions[i / pairs];
            return factor * (position <= 5 ? 5e-7 : position <= 5000 ? 5e-4 : 1e-2);
        });
        String near = TABLE.text() + " + angle of inv_freq";
        sheet.close(table + ".cos", at(tables.cos()), TABLE, near, angles);
        sheet.close(table + ".sin", at(tables.sin()), TABLE, near, angles);
        String byPosition = "5e-07 to 1e-02 by position";
        sheet.close(table + ".cos_exact", at(tables.cos()), ROUNDING, byPosition, far);
        sheet.close(table + ".sin_exact", at(tables.sin()), ROUNDING, byPosition, far);
    }

    /** The rows of the asked positions. */
    private float[] at(float[] all) {
        int pairs = rope.frequencies().length;
        float[] rows = new float[positions.length * pairs];
        for (int i = 0; i < positions.length; i++) {
            System.arraycopy(all, positions[i] * pairs, rows, i * pairs, pairs);
        }
        return rows;
    }

    private double[] each(IntToDoubleFunction value) {
        double[] values = new double[positions.length * rope.frequencies().length];
        Arrays.setAll(values, value);
        return values;
    }
}
