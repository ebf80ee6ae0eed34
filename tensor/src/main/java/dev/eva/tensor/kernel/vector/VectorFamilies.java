package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.LatentAttention;
import java.util.Map;
import java.util.Optional;

/** Which families have a SIMD implementation: one line each. */
final class VectorFamilies {
    private static final Map<Class<?>, Object> BY_FAMILY = Map.ofEntries(
            Map.entry(Gemm.class, new VectorGemm()),
            Map.entry(LatentAttention.class, new VectorLatentAttention()));

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
