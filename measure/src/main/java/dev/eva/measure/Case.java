package dev.eva.measure;

import java.util.Optional;

/** One thing to be measured on several ways: a product of given sizes, a row kernel over given rows. */
public interface Case {
    /** The group it belongs to: {@code gemm}, {@code fp8}, {@code layers}. */
    String what();

    /** Its name in the group, lower-case: {@code 512x512x512}, {@code rmsnorm}. */
    String name();

    /** What a plot over sizes takes as the size; 0 if it belongs to no such series. */
    default int size() {
        return 0;
    }

    /** The compiled code that it exercises: the first case of a kernel warms up for longer. */
    default String kernel() {
        return getClass().getName();
    }

    /** Floating-point operations of one run; an exponential or a root counts as one. */
    double flops();

    /** Bytes that one run has to read and write at least, if everything it touches is read and written once. */
    double bytes();

    /** Elements that one run converts or maps; 0 where operations are what counts. */
    default double elements() {
        return 0;
    }

    /** Ready to run; empty where the provider has no such kernels. */
    Optional<Running> on(Way way);

    /**
     * Compares what a first run gave with the scalar reference.
     *
     * @throws IllegalStateException if it differs by more than rounding
     */
    void verify(Way way, float[] result);

    /** Floating-point operations a byte. */
    default double intensity() {
        return flops() / bytes();
    }
}
