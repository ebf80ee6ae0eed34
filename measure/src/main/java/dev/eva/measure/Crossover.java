package dev.eva.measure;

import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/** From which size on one way is faster than another. */
public final class Crossover {
    private Crossover() {}

    /**
     * The size from which {@code challenger} stays ahead up to the largest that was measured. Between two sizes it is
     * where straight lines through logarithms of size and time meet.
     *
     * @param rows of a series of sizes, both ways among them
     * @param seconds of a row: with or without transfers
     * @return empty if it is behind at the largest size, or there are no sizes that both ways have
     */
    public static OptionalDouble of(
            List<Measured> rows, String incumbent, String challenger, ToDoubleFunction<Measured> seconds) {
        List<double[]> both = rows.stream()
                .filter(r -> r.size() > 0 && r.way().equals(challenger))
                .sorted(Comparator.comparingInt(Measured::size))
                .flatMap(c -> rows.stream()
                        .filter(i -> i.size() == c.size() && i.way().equals(incumbent))
                        .map(i -> new double[] {
                            Math.log(c.size()), Math.log(seconds.applyAsDouble(c) / seconds.applyAsDouble(i))
                        }))
                .toList();
        if (both.isEmpty() || both.getLast()[1] >= 0) {
            return OptionalDouble.empty();
        }
        int first = both.size() - 1;
        while (first > 0 && both.get(first - 1)[1] < 0) {
            first--;
        }
        double[] ahead = both.get(first);
        if (first == 0) {
            return OptionalDouble.of(Math.exp(ahead[0]));
        }
        double[] behind = both.get(first - 1);
        double part = behind[1] / (behind[1] - ahead[1]);
        return OptionalDouble.of(Math.exp(behind[0] + part * (ahead[0] - behind[0])));
    }
}
