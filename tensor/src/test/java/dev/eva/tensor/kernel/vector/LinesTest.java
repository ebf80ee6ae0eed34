package dev.eva.tensor.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LinesTest {
    @Test
    void theBoundaryIsWithinALine() {
        assertThat(IntStream.range(0, 64).map(i -> Lines.toBoundary(new float[Lines.FLOATS + i])))
                .allMatch(b -> b >= 0 && b < Lines.FLOATS);
    }
}
