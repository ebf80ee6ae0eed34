package dev.eva.model.train;

import dev.eva.fp8.Fp8Converter.Kind;
import dev.eva.fp8.Fp8Rounding;
import dev.eva.fp8.Fp8Statistics;
import dev.eva.fp8.Fp8Statistics.Counts;
import dev.eva.model.train.ranks.Peers;
import dev.eva.tensor.kernel.OperandRounding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Makes the roundings of a model's weights, by their names, and counts what they round in steps that are looked at:
 * those of attention and of the feed-forward part of each layer together.
 */
final class Fp8Watch implements Function<String, OperandRounding> {
    private final Precision precision;
    private final Map<String, List<Fp8Rounding>> parts = new LinkedHashMap<>();

    Fp8Watch(Precision precision) {
        this.precision = precision;
    }

    @Override
    public OperandRounding apply(String weight) {
        int attn = weight.indexOf(".attn.");
        int end = attn >= 0 ? attn + ".attn".length() : weight.indexOf(".ffn.") + ".ffn".length();
        Fp8Rounding rounding = attn >= 0 || weight.contains(".ffn.") ? precision.rounding() : null;
        if (rounding != null) {
            parts.computeIfAbsent(weight.substring(0, end), p -> new ArrayList<>())
                    .add(rounding);
        }
        return rounding;
    }

    /** Runs a step and counts, on all ranks together; nothing where nothing is rounded. */
    List<RoundingMetrics> during(Runnable step, Peers peers) {
        Map<String, Fp8Statistics> counted = new LinkedHashMap<>();
        parts.forEach((part, roundings) -> {
            Fp8Statistics s = new Fp8Statistics();
            counted.put(part, s);
            roundings.forEach(r -> r.count(s));
        });
        step.run();
        parts.values().forEach(roundings -> roundings.forEach(r -> r.count(null)));
        List<RoundingMetrics> all = new ArrayList<>();
        counted.forEach((part, s) -> {
            for (Kind kind : Kind.values()) {
                Counts c = together(s.of(kind), peers);
                all.add(new RoundingMetrics(
                        part,
                        kind.name().toLowerCase(Locale.ROOT),
                        c.overflowShare(),
                        c.underflowShare(),
                        c.minScale(),
                        c.maxScale()));
            }
        });
        return all;
    }

    private static Counts together(Counts mine, Peers peers) {
        return Arrays.stream(peers.gather(
                        mine.elements(), mine.overflows(), mine.underflows(), mine.minScale(), mine.maxScale()))
                .map(n -> new Counts((long) n[0], (long) n[1], (long) n[2], (float) n[3], (float) n[4]))
                .reduce(Counts::plus)
                .orElseThrow();
    }
}
