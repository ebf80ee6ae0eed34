package dev.eva.measure.cases;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Sizes of a product {@code (m, k) x (k, n)}, written {@code 768x128x128} (m, n, k) with {@code _nt} where B is
 * stored (n, k), as the weights of a layer are.
 */
public record Shape(int m, int n, int k, boolean transposed) {
    private static final Pattern FORMAT = Pattern.compile("(\\d+)x(\\d+)x(\\d+)(_nt)?");

    /** Squares, and the products of layers in training (many rows) and in decoding (few). */
    public static final List<Shape> ALL = Stream.concat(
                    IntStream.of(64, 128, 256, 384, 512, 768, 1024, 1536, 2048)
                            .mapToObj(s -> new Shape(s, s, s, false)),
                    Stream.of(
                                    "768x128x128_nt",
                                    "768x384x384_nt",
                                    "2048x1024x384_nt",
                                    "2048x384x1024_nt",
                                    "2048x4096x384_nt",
                                    "256x7168x512_nt",
                                    "128x2048x7168_nt",
                                    "1x4096x4096_nt",
                                    "4x4096x4096_nt",
                                    "16x4096x4096_nt")
                            .map(Shape::parse))
            .toList();

    /** The shape of a name. */
    public static Shape parse(String text) {
        Matcher matcher = FORMAT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "shape: " + text + "; need MxNxK or MxNxK_nt, for example 768x128x128_nt");
        }
        return new Shape(
                Integer.parseInt(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)),
                matcher.group(4) != null);
    }

    /** Floating-point operations of one product. */
    public double flops() {
        return 2.0 * m * n * k;
    }

    @Override
    public String toString() {
        return m + "x" + n + "x" + k + (transposed ? "_nt" : "");
    }
}
