package dev.eva.model.parity;

import dev.eva.fp8.E4m3;

/** Number formats: the value of every code, and the codes of numbers. */
final class CodecCase {
    private interface Encoder {
        byte encode(float x);
    }

    private CodecCase() {}

    static void compare(Sheet sheet) {
        sheet.close("e4m3fn.decode", CodecCase::decoded, Tolerance.EXACT);
        codes(sheet, "e4m3fn.codes", E4m3::encodeOrNan);
        codes(sheet, "e4m3fn.codes_sat", E4m3::encode);
        sheet.skip(n -> !n.startsWith("e4m3fn."), "this format or product is not computed");
    }

    private static float[] decoded() {
        float[] values = new float[256];
        for (int code = 0; code < values.length; code++) {
            values[code] = E4m3.decode((byte) code);
        }
        return values;
    }

    /** Any NaN is right for a NaN. */
    private static void codes(Sheet sheet, String name, Encoder encoder) {
        if (!sheet.has(name)) {
            return;
        }
        float[] inputs = sheet.floats("e4m3fn.inputs").array();
        int[] reference = sheet.codes(name);
        int[] codes = new int[inputs.length];
        for (int i = 0; i < codes.length; i++) {
            byte code = encoder.encode(inputs[i]);
            boolean free = Float.isNaN(inputs[i])
                    && Float.isNaN(E4m3.decode(code))
                    && i < reference.length
                    && Float.isNaN(E4m3.decode((byte) reference[i]));
            codes[i] = free ? reference[i] : code & 0xFF;
        }
        sheet.equal(name, () -> codes);
    }
}
