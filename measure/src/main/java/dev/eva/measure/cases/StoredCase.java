package dev.eva.measure.cases;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Weight;
import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Verified;
import dev.eva.measure.Way;
import dev.eva.tensor.kernel.Bf16Matrix;
import dev.eva.tensor.kernel.F32Matrix;
import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** A product {@code y = x W^T} with a weight that stays in memory in its stored type, outside of the heap. */
public final class StoredCase implements Case {
    /** Types that checkpoints store. */
    public enum Type {
        F32,
        BF16,
        FP8
    }

    private static final float FP8_SCALE = 1 / 64f;

    private final Type type;
    private final int m;
    private final FrozenMatrix w;
    private final float[] x;

    /**
     * @param m rows of x
     * @param n rows of W
     * @param k columns of both
     */
    public StoredCase(Type type, int m, int n, int k) {
        this.type = type;
        this.m = m;
        this.w = weight(type, n, k);
        this.x = Draw.uniform(Math.multiplyExact(m, k), 2);
    }

    /** Random values that each type holds exactly where it can, so that types differ by their rounding alone. */
    private static FrozenMatrix weight(Type type, int n, int k) {
        long size = (long) n * k;
        float[] some = Draw.uniform(1 << 16, 1);
        // Freed with the case: an automatic arena ends when nothing refers to it any more.
        MemorySegment at = Arena.ofAuto().allocate(size * (type == Type.F32 ? 4 : type == Type.BF16 ? 2 : 1), 64);
        for (long i = 0; i < size; i++) {
            float v = some[(int) ((i + (i >> 16) * 7919) & (some.length - 1))];
            switch (type) {
                case F32 -> at.setAtIndex(ValueLayout.JAVA_FLOAT, i, v);
                case BF16 -> at.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(v) >>> 16));
                case FP8 -> at.set(ValueLayout.JAVA_BYTE, i, Fp8Format.E4M3.encode(v / FP8_SCALE));
            }
        }
        return switch (type) {
            case F32 -> new F32Matrix(at, n, k);
            case BF16 -> new Bf16Matrix(at, n, k);
            case FP8 -> {
                float[] scales = new float[Fp8Blocks.blocks(n) * Fp8Blocks.blocks(k)];
                Arrays.fill(scales, FP8_SCALE);
                yield new Fp8Weight(Fp8Format.E4M3, at, scales, n, k);
            }
        };
    }

    @Override
    public String what() {
        return "fp8";
    }

    @Override
    public String name() {
        return type.name().toLowerCase(Locale.ROOT) + "-" + m + "x" + w.rows() + "x" + w.cols() + "_nt";
    }

    @Override
    public String kernel() {
        return "stored " + type + (m <= w.fewRows() ? " few rows" : " many rows");
    }

    @Override
    public double flops() {
        return 2.0 * m * w.rows() * w.cols();
    }

    @Override
    public double bytes() {
        return w.bytes() + 4.0 * m * (w.rows() + w.cols());
    }

    @Override
    public Optional<Running> on(Way way) {
        return Kernels.of(way.provider(), Gemm.class, Gemm.REFERENCE).map(gemm -> {
            Gemm.Prepared prepared = gemm.prepare(w);
            float[] y = new float[Math.multiplyExact(m, w.rows())];
            return Running.of(
                    gemm, () -> gemm.multiply(m, x, 0, w.cols(), 1, prepared, null, 0, 0f, y, 0, w.rows()), () -> y);
        });
    }

    @Override
    public void verify(Way way, float[] result) {
        new ReferenceRows(m, w.rows(), w.cols(), x, Gemm.REFERENCE.prepare(w))
                .verify(Verified.label(this, way), result, 1e-5);
    }
}
