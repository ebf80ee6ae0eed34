package dev.eva.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class IntTensorTest {
    @Test
    void holdsWhatItIsGiven() {
        int[] values = {1, 2, 3, 4, 5, 6};
        IntTensor t = IntTensor.of(values, 2, 3);
        assertThat(t.array()).isSameAs(values);
        assertThat(t.dim(-1)).isEqualTo(3);
        assertThat(t.size()).isEqualTo(6);
        assertThat(t.get(4)).isEqualTo(5);
        assertThat(t).hasToString("IntTensor(2, 3)");
    }

    @Test
    void sizesMustAgree() {
        assertThatThrownBy(() -> IntTensor.of(new int[5], 2, 3)).hasMessage("int tensor: 5 values for shape (2, 3)");
    }
}
