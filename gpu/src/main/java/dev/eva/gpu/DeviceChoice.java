package dev.eva.gpu;

import dev.eva.gpu.OpenClDevices.Device;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Which device a process takes. */
public final class DeviceChoice {
    /** The number of a device in {@code eva devices}. */
    public static final String PROPERTY = "eva.opencl.device";

    /** Work under which the CPU's kernels are as quick as a launch: multiply-adds, or elements of a conversion. */
    public static final String SMALLEST = "eva.opencl.smallest";

    private static final List<String> TYPES = List.of("GPU", "ACC", "CPU");

    private DeviceChoice() {}

    /** Why no device can be used, and what would help; the device of the property included. */
    public static Optional<String> unavailable() {
        OpenClDevices found = OpenClDevices.find();
        if (found.missing().isPresent()) {
            return Optional.of("no OpenCL device: " + found.missing().get());
        }
        if (ofProperty(found.devices()).isEmpty()) {
            return Optional.of("no OpenCL device " + System.getProperty(PROPERTY) + "; there are "
                    + found.devices().stream().map(Device::describe).collect(Collectors.joining("; ")));
        }
        return Signals.chained() ? Optional.empty() : Optional.of(Signals.advice());
    }

    /**
     * The device that this process takes: that of the property, else the first GPU, accelerator or CPU.
     *
     * @throws IllegalStateException if there is none
     */
    public static Device chosen() {
        unavailable().ifPresent(why -> {
            throw new IllegalStateException(why);
        });
        return ofProperty(OpenClDevices.find().devices()).orElseThrow();
    }

    private static Optional<Device> ofProperty(List<Device> devices) {
        String number = System.getProperty(PROPERTY, "");
        if (!number.isEmpty()) {
            return devices.stream()
                    .filter(d -> String.valueOf(d.number()).equals(number))
                    .findFirst();
        }
        return TYPES.stream().flatMap(t -> ofType(devices, t).stream()).findFirst();
    }

    private static Optional<Device> ofType(List<Device> devices, String type) {
        return devices.stream().filter(d -> d.type().equals(type)).findFirst();
    }
}
