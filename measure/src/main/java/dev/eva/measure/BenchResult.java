package dev.eva.measure;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a bench has found.
 *
 * @param machine it ran on
 * @param peaks of its CPU, measured in the same run
 * @param ways that were compared
 * @param ceilings of each way, by its name
 * @param rows a row a case and way, cases in their order
 * @param leftOut cases that a way would have taken too long for: what, on which way, how long about
 */
public record BenchResult(
        Machine machine,
        Peaks peaks,
        List<Way> ways,
        Map<String, Peaks.Ceiling> ceilings,
        List<Measured> rows,
        List<String> leftOut) {
    public BenchResult {
        ways = List.copyOf(ways);
        ceilings = Map.copyOf(ceilings);
        rows = List.copyOf(rows);
        leftOut = List.copyOf(leftOut);
    }

    /** The row of a case on a way. */
    public Optional<Measured> row(String what, String name, String way) {
        return rows.stream()
                .filter(r -> r.what().equals(what)
                        && r.name().equals(name)
                        && r.way().equals(way))
                .findFirst();
    }

    /** Time of the first way divided by that of a row's: above 1 where the row is quicker. */
    public OptionalDouble speedUp(Measured row) {
        String first = ways.getFirst().name();
        return row.way().equals(first)
                ? OptionalDouble.empty()
                : row(row.what(), row.name(), first)
                        .map(r -> OptionalDouble.of(
                                r.seconds().median() / row.seconds().median()))
                        .orElse(OptionalDouble.empty());
    }

    /**
     * The size of square products from which a device is ahead of the CPU.
     *
     * @param transfers whether transfers count
     */
    public OptionalDouble deviceAhead(boolean transfers) {
        return ways.stream()
                .filter(Way::device)
                .findFirst()
                .map(device -> Crossover.of(
                        rows,
                        ways.getFirst().name(),
                        device.name(),
                        r -> transfers ? r.seconds().median() : r.withoutTransfers()))
                .orElse(OptionalDouble.empty());
    }
}
