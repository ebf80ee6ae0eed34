package dev.eva.tensor.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.kernel.StoredKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Words and bfloat16 values turned over in registers against the loops of the reference, to the bit. */
@Tag("kernels")
class VectorStoredTest {
    private static final StoredKernel VECTOR = new VectorStored();

    private final SplittableRandom random = new SplittableRandom(11);

    /** Random bytes from an odd address on. */
    private MemorySegment bytes(long size) {
        MemorySegment all = Arena.ofAuto().allocate(size + 3, 64).asSlice(3);
        for (long i = 0; i < size; i++) {
            all.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
        }
        return all;
    }

    /** As many rows as lanes and not, whole squares and not, rows that overlap. */
    @ParameterizedTest
    @CsvSource({"16, 16, 64", "16, 47, 200", "16, 33, 7", "8, 8, 32", "8, 21, 90", "4, 9, 36", "5, 20, 81", "1, 1, 4"})
    void wordsAreTurnedOver(int rows, int n, int stride) {
        MemorySegment w = bytes(5 + (long) stride * rows + 4L * n);
        int[] expected = new int[2 + rows * n];
        int[] actual = expected.clone();
        StoredKernel.REFERENCE.turnWords(w, 5, stride, rows, n, expected, 1);
        VECTOR.turnWords(w, 5, stride, rows, n, actual, 1);
        assertThat(actual).isEqualTo(expected);
        assertThat(expected[1 + n / 2 * rows + rows / 2])
                .isEqualTo(w.get(StoredKernel.I32, 5 + (long) stride * (rows / 2) + 4L * (n / 2)));
    }

    /** Strips with rows and columns beyond whole squares; what lies beside the strip is left alone. */
    @ParameterizedTest
    @CsvSource({"16, 32, 40", "33, 130, 140", "50, 77, 90", "3, 5, 9", "16, 1, 2"})
    void bfloat16IsTurnedOver(int count, int length, int cols) {
        MemorySegment w = bytes(2L * cols * count);
        int outRow = count + 2;
        float[] expected = new float[1 + length * outRow];
        float[] actual = expected.clone();
        StoredKernel.REFERENCE.turnBf16(w, 1, cols, count, length - 1, expected, 1, outRow);
        VECTOR.turnBf16(w, 1, cols, count, length - 1, actual, 1, outRow);
        for (int i = 0; i < expected.length; i++) {
            assertThat(Float.floatToRawIntBits(actual[i])).isEqualTo(Float.floatToRawIntBits(expected[i]));
        }
    }
}
