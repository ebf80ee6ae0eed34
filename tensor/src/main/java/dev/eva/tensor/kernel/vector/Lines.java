package dev.eva.tensor.kernel.vector;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.eva.tensor.kernel.ColdStart;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Where arrays stand in lines of the cache. A vector of 64 bytes that starts anywhere else touches two lines, which
 * costs products a sixth of their speed where the panel comes from the second-level cache; Java aligns arrays to 8
 * bytes alone. So scratch is a line longer than needed and used from the line's boundary on. The collector may move an
 * array later: values do not depend on it, only speed.
 */
final class Lines {
    /** Floats of a line. */
    static final int FLOATS = 16;

    private Lines() {}

    /** Made when it is first used: that takes a tenth of a second. */
    private static final class Address {
        /** {@code memcpy} of nothing, which returns the address that it is given; null where that is not allowed. */
        private static final MethodHandle COPY = copy();
    }

    private static MethodHandle copy() {
        if (!Lines.class.getModule().isNativeAccessEnabled()) {
            return null;
        }
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find("memcpy")
                .map(f -> linker.downcallHandle(
                        f, FunctionDescriptor.of(JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG), Linker.Option.critical(true)))
                .orElse(null);
    }

    /**
     * Floats from the start of an array to the first line's boundary in it; 0 where that cannot be known, and in a cold
     * process, which loses more by asking than it gains.
     */
    static int toBoundary(float[] array) {
        if (ColdStart.isOn() || Address.COPY == null) {
            return 0;
        }
        MemorySegment values = MemorySegment.ofArray(array);
        try {
            long address = (long) Address.COPY.invokeExact(values, values, 0L);
            return (int) (-address >>> 2 & FLOATS - 1);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
