package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.kernel.KernelProvider;
import java.util.Optional;

/**
 * Kernels in the SIMD registers of the CPU, by the JDK's Vector API. Loads, and says what is missing, where that module
 * is absent:
 * the classes that mention vectors are touched only once it is known to be there.
 */
public final class VectorProvider implements KernelProvider {
    private static final String MODULE = "jdk.incubator.vector";
    private static final int MIN_LANES = 4;

    /** For {@link java.util.ServiceLoader}. */
    public VectorProvider() {}

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public int priority() {
        return 100;
    }

    @Override
    public Optional<String> unavailable() {
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            return Optional.of("the JVM runs without the Vector API; add --add-modules " + MODULE);
        }
        int lanes = VectorFamilies.lanes();
        return lanes >= MIN_LANES
                ? Optional.empty()
                : Optional.of("vectors of this CPU hold " + lanes + " floats; need at least " + MIN_LANES);
    }

    @Override
    public String description() {
        return VectorFamilies.description();
    }

    @Override
    public <F> Optional<F> find(Class<F> family) {
        return VectorFamilies.find(family);
    }
}
