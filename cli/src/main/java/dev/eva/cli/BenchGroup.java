package dev.eva.cli;

import dev.eva.measure.BenchPlan;
import java.util.Arrays;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A group of cases by its name. */
final class BenchGroup implements ITypeConverter<BenchPlan.What> {
    @Override
    public BenchPlan.What convert(String word) {
        return Arrays.stream(BenchPlan.What.values())
                .filter(w -> w.toString().equalsIgnoreCase(word))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException(
                        word + "; need some of " + Arrays.toString(BenchPlan.What.values())));
    }
}
