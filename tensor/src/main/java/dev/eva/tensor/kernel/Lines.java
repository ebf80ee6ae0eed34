package dev.eva.tensor.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

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
public final class Lines {
    /** Floats of a line. */
    public static final int FLOATS = 16;

    private static final int BYTES = 4 * FLOATS;
    /** What {@link #touch} has read: a loop whose result nobody keeps would be left out. */
    private static long touched;

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
    public static int toBoundary(float[] array) {
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

    /**
     * Reads a byte of each line of {@code rows} rows, row by row: memory is read faster that way than by what turns
     * squares of them over, and hands those their lines from a cache.
     *
     * @param from the first byte of the first row
     * @param stride bytes from one row to the next
     * @param length bytes of a row
     */
    public static void touch(MemorySegment w, long from, long stride, int rows, int length) {
        long sum = 0;
        for (int r = 0; r < rows; r++) {
            for (int p = 0; p < length; p += BYTES) {
                sum += w.get(JAVA_BYTE, from + r * stride + p);
            }
        }
        touched = sum;
    }
}
