package dev.eva.tensor.kernel.vector;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.kernel.Lines;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

class LinesTest {
    private static final int LINE = 64;
    private static final int ROUNDS = 3;

    /** Where a mark stands in memory, by {@code memchr}. */
    private static final MethodHandle FIND = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("memchr"),
                    FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_INT, JAVA_LONG),
                    Linker.Option.critical(true));

    private static long addressOf(float[] array, int index) throws Throwable {
        byte mark = 0x7f;
        array[index] = Float.intBitsToFloat(mark);
        MemorySegment values = MemorySegment.ofArray(array);
        return (long) FIND.invokeExact(values, (int) mark, values.byteSize());
    }

    @Test
    void theElementAtTheBoundaryBeginsALine() throws Throwable {
        for (int more = 0; more < 64; more++) {
            long rest = LINE;
            // The collector may move the array between the two calls.
            for (int round = 0; round < ROUNDS && rest != 0; round++) {
                float[] array = new float[Lines.FLOATS + more];
                int at = Lines.toBoundary(array);
                assertThat(at).isBetween(0, Lines.FLOATS - 1);
                rest = addressOf(array, at) % LINE;
            }
            assertThat(rest).as("%d floats", Lines.FLOATS + more).isZero();
        }
    }
}
