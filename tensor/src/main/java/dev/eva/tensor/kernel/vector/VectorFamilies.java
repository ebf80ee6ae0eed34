package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.kernel.AdamWKernel;
import dev.eva.tensor.kernel.Attention;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.LatentAttention;
import dev.eva.tensor.kernel.Normalization;
import dev.eva.tensor.kernel.Peak;
import dev.eva.tensor.kernel.Reduction;
import dev.eva.tensor.kernel.SoftmaxKernel;
import dev.eva.tensor.kernel.StoredKernel;
import java.util.Map;
import java.util.Optional;

/** Which families have a SIMD implementation: one line each. */
final class VectorFamilies {
    private static final Map<Class<?>, Object> BY_FAMILY = Map.ofEntries(
            Map.entry(AdamWKernel.class, new VectorAdamW()),
            Map.entry(Attention.class, new VectorAttention()),
            Map.entry(Elementwise.class, new VectorElementwise()),
            Map.entry(Gemm.class, new VectorGemm()),
            Map.entry(LatentAttention.class, new VectorLatentAttention()),
            Map.entry(Normalization.class, new VectorNormalization()),
            Map.entry(Peak.class, new VectorPeak()),
            Map.entry(Reduction.class, new VectorReduction()),
            Map.entry(SoftmaxKernel.class, new VectorSoftmax()),
            Map.entry(StoredKernel.class, new VectorStored()));

    private VectorFamilies() {}

    static <F> Optional<F> find(Class<F> family) {
        return Optional.ofNullable(BY_FAMILY.get(family)).map(family::cast);
    }

    static int lanes() {
        return VectorMath.LANES;
    }

    static String description() {
        return VectorMath.LANES + " lanes (" + VectorMath.SPECIES.vectorBitSize() + " bit), " + VectorMath.REGISTERS
                + " registers";
    }
}
