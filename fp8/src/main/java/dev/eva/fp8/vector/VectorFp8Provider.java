package dev.eva.fp8.vector;

import dev.eva.fp8.Fp8Kernel;
import dev.eva.fp8.Fp8Product;
import dev.eva.tensor.kernel.KernelProvider;
import java.util.Optional;

/**
 * The FP8 families by the JDK's Vector API. It shares the name {@code vector} with the provider of the other families,
 * so that {@code -Deva.kernels=vector} takes both. Loads where that module is absent.
 */
public final class VectorFp8Provider implements KernelProvider {
    private static final String MODULE = "jdk.incubator.vector";

    /** For {@link java.util.ServiceLoader}. */
    public VectorFp8Provider() {}

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public int priority() {
        return 90;
    }

    @Override
    public Optional<String> unavailable() {
        return ModuleLayer.boot().findModule(MODULE).isPresent()
                ? Optional.empty()
                : Optional.of("the JVM runs without the Vector API; add --add-modules " + MODULE);
    }

    @Override
    public String description() {
        return VectorFp8.works()
                ? "FP8, " + VectorFp8.lanes() + " lanes"
                : "FP8 by the reference: " + VectorFp8.lanes() + " lanes, need 8";
    }

    @Override
    public <F> Optional<F> find(Class<F> family) {
        Object found = null;
        if (family == Fp8Kernel.class && VectorFp8.works()) {
            found = new VectorFp8();
        } else if (family == Fp8Product.class && VectorFp8Product.works()) {
            found = new VectorFp8Product();
        }
        return Optional.ofNullable(found).map(family::cast);
    }
}
