package dev.eva.cli;

import dev.eva.model.train.Precision;
import java.util.Arrays;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A precision by its name on the command line. */
final class PrecisionName implements ITypeConverter<Precision> {
    @Override
    public Precision convert(String word) {
        return Arrays.stream(Precision.values())
                .filter(p -> p.word().equals(word))
                .findFirst()
                .orElseThrow(() ->
                        new TypeConversionException(word + "; need one of " + String.join(", ", Precision.names())));
    }
}
