package dev.eva.tensor.kernel;

import java.util.Optional;

/** A source of kernels, found by {@link java.util.ServiceLoader}. Must load on a machine where it cannot work. */
public interface KernelProvider {
    /** The name that {@code -Deva.kernels} takes: {@code vector}, {@code opencl}. */
    String name();

    /** The higher one wins among those available; the reference has 0. */
    int priority();

    /** Whether it is taken only where its name is asked for. It is not even asked whether it could work otherwise. */
    default boolean onlyIfForced() {
        return false;
    }

    /** Empty if this provider can work here; otherwise why not and what would help, in one line. */
    Optional<String> unavailable();

    /** What it runs on, in a few words, for the log line: {@code 16 lanes (512 bit), 32 registers}. */
    String description();

    /** Its implementation of a family, or empty where it has none. */
    <F> Optional<F> find(Class<F> family);
}
