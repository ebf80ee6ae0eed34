package dev.eva.model.train;

import dev.eva.fp8.Fp8Rounding;
import dev.eva.fp8.Fp8Rounding.Gradients;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What the products of training are computed in, and with FP8 what is kept for the backward pass: inputs of those
 * products in FP8; queries, keys, values and norms not at all: they are made again (arXiv:2412.19437, sections 3.2.3
 * and 3.3.3). Weights and their gradients are float32 in all of them; so are embedding, head, routers, norms,
 * attention between queries and keys, and the projection in front of multi-token prediction layers.
 */
public enum Precision {
    /** Everything in float32. */
    FP32(null),
    /** The projections of attention, of dense layers and of experts as DeepSeek-V3 trains them. */
    FP8(Gradients.TILES),
    /** The same with gradients in blocks of 128 x 128, which the recipe avoids: to see the difference. */
    FP8_GRAD_BLOCKS(Gradients.BLOCKS);

    private final Gradients gradients;

    Precision(Gradients gradients) {
        this.gradients = gradients;
    }

    /** The names for the command line. */
    public static List<String> names() {
        return Arrays.stream(values()).map(Precision::word).toList();
    }

    /** {@code fp8-grad-blocks}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** What the products with one weight of those layers round first, or null. */
    Fp8Rounding rounding() {
        return gradients == null ? null : new Fp8Rounding(gradients);
    }
}
