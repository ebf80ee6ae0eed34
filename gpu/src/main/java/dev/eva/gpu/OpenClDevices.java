package dev.eva.gpu;

import com.aparapi.device.OpenCLDevice;
import com.aparapi.internal.opencl.OpenCLLoader;
import com.aparapi.internal.opencl.OpenCLPlatform;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What OpenCL offers on this machine.
 *
 * @param devices all devices of all platforms
 * @param missing why there is none and what would help, in one line; empty where there are devices
 */
public record OpenClDevices(List<Device> devices, Optional<String> missing) {
    private static final String INSTALL =
            "; on Debian and Ubuntu: apt install ocl-icd-libopencl1 and a driver (pocl-opencl-icd for the"
                    + " CPU, nvidia-opencl-icd, intel-opencl-icd, mesa-opencl-icd)";

    private static final String LOG_LEVEL = "com.aparapi.logLevel";

    /**
     * A device.
     *
     * @param number what {@code --device gpu:N} calls it
     * @param platform OpenCL implementation
     * @param version of the platform
     * @param name the device's own name
     * @param type {@code CPU}, {@code GPU}, {@code ACC}
     * @param computeUnits cores, or multiprocessors
     * @param memoryBytes global memory
     * @param largestBytes of one piece of it
     * @param localBytes memory that a work group shares
     * @param driver its version; empty if the driver does not say
     * @param doubles whether it computes in float64, too
     */
    public record Device(
            int number,
            String platform,
            String version,
            String name,
            String type,
            int computeUnits,
            long memoryBytes,
            long largestBytes,
            long localBytes,
            String driver,
            boolean doubles) {
        /** {@code 0: NVIDIA H100 (NVIDIA CUDA, GPU, 132 units)}. */
        public String describe() {
            return String.format(Locale.ROOT, "%d: %s (%s, %s, %d units)", number, name, platform, type, computeUnits);
        }
    }

    private record Found(OpenClDevices devices, List<OpenCLDevice> handles) {}

    /** Once a process: devices do not come and go, and a list costs milliseconds. */
    private static final class Lazy {
        static final Found FOUND = look();

        private Lazy() {}
    }

    /** Looks once. Never fails for want of OpenCL or of Aparapi. */
    public static OpenClDevices find() {
        return Lazy.FOUND.devices;
    }

    /** Aparapi's own of a device. */
    static OpenCLDevice handle(Device device) {
        return Lazy.FOUND.handles.get(device.number);
    }

    private static Found look() {
        if (System.getProperty(LOG_LEVEL) == null) {
            // Aparapi logs a machine without OpenCL as a severe error; here it is a result.
            System.setProperty(LOG_LEVEL, "OFF");
        }
        try {
            if (!OpenCLLoader.isOpenCLAvailable()) {
                return none("libOpenCL.so.1 or Aparapi's own library cannot be loaded" + INSTALL);
            }
            List<Device> devices = new ArrayList<>();
            List<OpenCLDevice> handles = new ArrayList<>();
            for (OpenCLPlatform platform : new OpenCLPlatform().getOpenCLPlatforms()) {
                for (OpenCLDevice d : platform.getOpenCLDevices()) {
                    devices.add(device(devices.size(), platform, d));
                    handles.add(d);
                }
            }
            return devices.isEmpty()
                    ? none("libOpenCL is there, but no driver with a device" + INSTALL)
                    : new Found(new OpenClDevices(List.copyOf(devices), Optional.empty()), handles);
        } catch (UnsatisfiedLinkError e) {
            return none(e.getMessage() + INSTALL);
        } catch (NoClassDefFoundError e) {
            return none("Aparapi is not on the class path: " + e.getMessage());
        }
    }

    private static Device device(int number, OpenCLPlatform platform, OpenCLDevice d) {
        return new Device(
                number,
                platform.getName(),
                platform.getVersion(),
                (d.getName() == null ? d.getShortDescription() : d.getName()).strip(),
                d.getType().name(),
                d.getMaxComputeUnits(),
                d.getGlobalMemSize(),
                d.getMaxMemAllocSize(),
                d.getLocalMemSize(),
                DeviceInfo.driver(d.getDeviceId()),
                DeviceInfo.doubles(d.getDeviceId()));
    }

    private static Found none(String why) {
        return new Found(new OpenClDevices(List.of(), Optional.of(why)), List.of());
    }
}
