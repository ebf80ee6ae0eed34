package dev.eva.measure;

import dev.eva.tensor.kernel.Kernels;
import java.util.List;

/**
 * One of several ways to compute the same thing: the kernels of a provider.
 *
 * @param name as tables call it: {@code cpu}, {@code reference}, {@code gpu}
 * @param provider name of the {@link dev.eva.tensor.kernel.KernelProvider}
 * @param device whether it is a device with a memory of its own, which takes whole arrays and cuts them itself
 */
public record Way(String name, String provider, boolean device) {
    /** The scalar kernels: specification and oracle. */
    public static final Way REFERENCE = new Way("reference", "reference", false);

    private static final String HOST = "vector";

    /** The way of a provider, called as it is. */
    public static Way named(String provider) {
        return provider.equals(REFERENCE.provider) ? REFERENCE : new Way(provider, provider, !provider.equals(HOST));
    }

    /**
     * The ways of the CPU: the best kernels that work here and, beside them, the reference.
     *
     * <p>A machine without SIMD kernels has the reference alone.
     */
    public static List<Way> cpu() {
        return Kernels.names().contains(HOST) && Kernels.unavailable(HOST).isEmpty()
                ? List.of(new Way("cpu", HOST, false), REFERENCE)
                : List.of(REFERENCE);
    }

    /** The device of a provider, whether it works or not. */
    public static Way gpu(String provider) {
        return new Way("gpu", provider, true);
    }

    /** Whether this is the scalar reference. */
    public boolean isReference() {
        return provider.equals(REFERENCE.provider);
    }
}
