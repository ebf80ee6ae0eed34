package dev.eva.cli;

import dev.eva.gpu.DeviceChoice;
import dev.eva.gpu.OpenClDevices;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The OpenCL devices as commands see them, on a class path without {@code eva-gpu}, too: picocli looks through the
 * methods of commands, in whose signatures none of its classes may stand.
 */
final class OpenCl {
    private static final String NOT_THERE = "eva-gpu is not on the class path";

    /**
     * A device.
     *
     * @param number what {@code --device gpu:N} calls it
     * @param platform with its version
     * @param line all about it in a few words
     * @param facts names and values
     */
    record Device(
            int number, String platform, String name, String type, String line, long memoryBytes, List<Fact> facts) {}

    /** A fact about a device. */
    record Fact(String name, String value) {}

    private OpenCl() {}

    /** All devices. */
    static List<Device> devices() {
        try {
            return OpenClDevices.find().devices().stream().map(OpenCl::device).toList();
        } catch (NoClassDefFoundError e) {
            return List.of();
        }
    }

    private static Device device(OpenClDevices.Device d) {
        List<Fact> facts = List.of(
                new Fact("type", d.type() + (d.doubles() ? "" : ", without float64")),
                new Fact("compute units", String.valueOf(d.computeUnits())),
                new Fact(
                        "memory",
                        Table.bytes(d.memoryBytes()) + ", " + Table.bytes(d.largestBytes()) + " in one piece"),
                new Fact("local memory", Table.bytes(d.localBytes())),
                new Fact("driver", d.driver().isEmpty() ? "unknown" : d.driver()));
        String platform = d.platform() + ", " + d.version();
        return new Device(d.number(), platform, d.name(), d.type(), d.describe(), d.memoryBytes(), facts);
    }

    /** Why there are no devices, in one line. */
    static Optional<String> missing() {
        try {
            return OpenClDevices.find().missing();
        } catch (NoClassDefFoundError e) {
            return Optional.of(NOT_THERE);
        }
    }

    /** Why the device of {@link #choose}, or the first one, cannot be used. */
    static Optional<String> unavailable() {
        try {
            return DeviceChoice.unavailable();
        } catch (NoClassDefFoundError e) {
            return Optional.of(NOT_THERE);
        }
    }

    /** Has this process take the device of that number. */
    static void choose(int number) {
        System.setProperty(DeviceChoice.PROPERTY, String.valueOf(number));
    }

    /** The device that this process takes, in a few words. */
    static String chosen() {
        return DeviceChoice.chosen().describe();
    }

    /** Its driver. */
    static String driver() {
        return DeviceChoice.chosen().driver();
    }

    /** The flag that has another process take the same device. */
    static String choice() {
        return "-D" + DeviceChoice.PROPERTY + "=" + DeviceChoice.chosen().number();
    }

    /** Has the kernels of this process take products of all sizes, unless a size was given. */
    static void takeEverySize() {
        if (System.getProperty(DeviceChoice.SMALLEST) == null) {
            System.setProperty(DeviceChoice.SMALLEST, "1");
        }
    }

    /** The first GPU. */
    static Optional<Device> gpu() {
        return devices().stream().filter(d -> d.type().equals("GPU")).findFirst();
    }

    /** All devices in one line. */
    static String list() {
        return devices().stream().map(Device::line).collect(Collectors.joining("; "));
    }
}
