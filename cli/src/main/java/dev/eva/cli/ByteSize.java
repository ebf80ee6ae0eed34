package dev.eva.cli;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Sizes as {@code 500MB} (millions) and {@code 2GiB} (powers of 1024). */
final class ByteSize implements ITypeConverter<Long> {
    private static final Map<String, Long> UNITS = Map.of(
            "KB",
            1_000L,
            "MB",
            1_000_000L,
            "GB",
            1_000_000_000L,
            "TB",
            1_000_000_000_000L,
            "KiB",
            1L << 10,
            "MiB",
            1L << 20,
            "GiB",
            1L << 30,
            "TiB",
            1L << 40);

    private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,17})([A-Za-z]+)");

    @Override
    public Long convert(String text) {
        Matcher m = SIZE.matcher(text);
        if (m.matches() && UNITS.containsKey(m.group(2))) {
            try {
                return Math.multiplyExact(Long.parseLong(m.group(1)), UNITS.get(m.group(2)));
            } catch (ArithmeticException e) {
                throw new TypeConversionException("'" + text + "' is more than 2^63 bytes");
            }
        }
        throw new TypeConversionException("'" + text
                + "' is not a size; need a whole number from 1 on and KB, MB, GB, TB, KiB, MiB, GiB or TiB, as 500MB");
    }
}
