package dev.eva.model.parity;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Kernel;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.fp8.Ue8m0;
import dev.eva.model.checkpoint.CheckpointException;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Kernels;
import java.util.function.Function;

/** Number formats: every code and the codes of numbers; a matrix in blocks and tiles, and a product of both. */
final class CodecCase {
    private static final Fp8Kernel KERNEL = Kernels.find(Fp8Kernel.class, Fp8Kernel.REFERENCE);
    private static final Tolerance PRODUCT = Tolerance.relative(1e-5, Tolerance.Scale.ROW);

    private CodecCase() {}

    static void compare(Sheet sheet) {
        format(sheet, "e4m3fn", Fp8Format.E4M3);
        format(sheet, "e5m2", Fp8Format.E5M2);
        scales(sheet);
        matrix(sheet, "matrix", "block", Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32);
        matrix(sheet, "matrix", "tile", Fp8Tiling.TILE_1X128, Fp8Scale.FLOAT32);
        matrix(sheet, "matrix", "block_pow2", Fp8Tiling.BLOCK_128X128, Fp8Scale.POWER_OF_TWO);
        matrix(sheet, "matrix", "tile_pow2", Fp8Tiling.TILE_1X128, Fp8Scale.POWER_OF_TWO);
        product(sheet);
    }

    private static void format(Sheet sheet, String name, Fp8Format format) {
        sheet.close(name + ".decode", () -> decoded(format), Tolerance.EXACT);
        codes(sheet, name + ".inputs", name + ".codes", format, false);
        codes(sheet, name + ".inputs", name + ".codes_sat", format, true);
    }

    private static float[] decoded(Fp8Format format) {
        byte[] codes = new byte[256];
        for (int code = 0; code < codes.length; code++) {
            codes[code] = (byte) code;
        }
        float[] values = new float[codes.length];
        KERNEL.dequantize(format, codes.length, 1f, codes, 0, values, 0);
        return values;
    }

    /** Any NaN is right for a NaN. */
    private static void codes(Sheet sheet, String from, String name, Fp8Format format, boolean saturate) {
        if (!sheet.has(name)) {
            return;
        }
        float[] inputs = sheet.floats(from).array();
        int[] reference = sheet.codes(name);
        byte[] encoded = new byte[inputs.length];
        KERNEL.encode(format, saturate, inputs.length, inputs, 0, encoded, 0);
        int[] codes = unsigned(encoded);
        for (int i = 0; i < Math.min(codes.length, reference.length); i++) {
            boolean free = Float.isNaN(inputs[i])
                    && Float.isNaN(format.decode(encoded[i]))
                    && Float.isNaN(format.decode((byte) reference[i]));
            codes[i] = free ? reference[i] : codes[i];
        }
        sheet.equal(name, () -> codes);
    }

    private static void scales(Sheet sheet) {
        sheet.close(
                "e8m0.decode",
                () -> {
                    float[] values = new float[256];
                    for (int code = 0; code < values.length; code++) {
                        values[code] = Ue8m0.decode((byte) code);
                    }
                    return values;
                },
                Tolerance.EXACT);
        powers(sheet, "e8m0.codes_nearest", Ue8m0::encodeNearest);
        powers(sheet, "e8m0.codes_ceil", Ue8m0::encodeCeil);
    }

    private static void powers(Sheet sheet, String name, Function<Float, Byte> encoder) {
        sheet.equal(name, () -> {
            float[] inputs = sheet.floats("e8m0.inputs").array();
            int[] codes = new int[inputs.length];
            for (int i = 0; i < codes.length; i++) {
                codes[i] = encoder.apply(inputs[i]) & 0xFF;
            }
            return codes;
        });
    }

    private static void matrix(Sheet sheet, String from, String name, Fp8Tiling tiling, Fp8Scale scale) {
        if (!sheet.has(from) || !sheet.has(name + ".codes") || !sheet.has(name + ".scale")) {
            return;
        }
        Fp8Matrix quantized = quantized(sheet, from, tiling, scale);
        sheet.equal(name + ".codes", () -> unsigned(quantized.codes()));
        sheet.close(name + ".scale", quantized::scales, Tolerance.EXACT);
    }

    /** {@code y = x W^T} of what was quantised, in float64. */
    private static void product(Sheet sheet) {
        if (!sheet.has("gemm.x") || !sheet.has("matrix")) {
            return;
        }
        Fp8Matrix x = quantized(sheet, "gemm.x", Fp8Tiling.TILE_1X128, Fp8Scale.FLOAT32);
        Fp8Matrix w = quantized(sheet, "matrix", Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32);
        sheet.equal("gemm.x_codes", () -> unsigned(x.codes()));
        sheet.close("gemm.x_scale", x::scales, Tolerance.EXACT);
        if (x.cols() != w.cols()) {
            throw new CheckpointException("gemm.x has " + x.cols() + " columns, matrix " + w.cols() + "; need as many");
        }
        sheet.close("gemm.y", () -> product(x.dequantize(), w.dequantize()), PRODUCT);
    }

    private static float[] product(Tensor x, Tensor w) {
        int depth = x.dim(1);
        int cols = w.dim(0);
        float[] y = new float[x.dim(0) * cols];
        for (int i = 0; i < y.length; i++) {
            double sum = 0;
            for (int k = 0; k < depth; k++) {
                sum += (double) x.get(i / cols * depth + k) * w.get(i % cols * depth + k);
            }
            y[i] = (float) sum;
        }
        return y;
    }

    private static Fp8Matrix quantized(Sheet sheet, String name, Fp8Tiling tiling, Fp8Scale scale) {
        Tensor x = sheet.floats(name);
        if (x.shape().rank() != 2) {
            throw new CheckpointException("tensor " + name + " has shape " + x.shape() + "; need two dimensions");
        }
        return new Fp8Quantizer(Fp8Format.E4M3, tiling, scale).quantize(x);
    }

    private static int[] unsigned(byte[] codes) {
        int[] out = new int[codes.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = codes[i] & 0xFF;
        }
        return out;
    }
}
