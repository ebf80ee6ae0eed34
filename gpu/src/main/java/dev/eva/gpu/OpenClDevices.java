package dev.eva.gpu;

import com.aparapi.device.OpenCLDevice;
import com.aparapi.internal.opencl.OpenCLLoader;
import com.aparapi.internal.opencl.OpenCLPlatform;
import java.util.ArrayList;
import java.util.List;
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
     * @param platform OpenCL implementation
     * @param name the device's own name
     * @param type {@code CPU}, {@code GPU}, {@code ACC}
     * @param computeUnits cores, or multiprocessors
     * @param memoryBytes global memory
     */
    public record Device(String platform, String name, String type, int computeUnits, long memoryBytes) {}

    /** Looks once. Never fails for want of OpenCL or of Aparapi. */
    public static OpenClDevices find() {
        if (System.getProperty(LOG_LEVEL) == null) {
            // Aparapi logs a machine without OpenCL as a severe error; here it is a result.
            System.setProperty(LOG_LEVEL, "OFF");
        }
        try {
            if (!OpenCLLoader.isOpenCLAvailable()) {
                return none("libOpenCL.so.1 or Aparapi's own library cannot be loaded" + INSTALL);
            }
            List<Device> devices = new ArrayList<>();
            for (OpenCLPlatform platform : new OpenCLPlatform().getOpenCLPlatforms()) {
                for (OpenCLDevice d : platform.getOpenCLDevices()) {
                    devices.add(new Device(
                            platform.getName(),
                            name(d),
                            d.getType().name(),
                            d.getMaxComputeUnits(),
                            d.getGlobalMemSize()));
                }
            }
            return devices.isEmpty()
                    ? none("libOpenCL is there, but no driver with a device" + INSTALL)
                    : new OpenClDevices(List.copyOf(devices), Optional.empty());
        } catch (UnsatisfiedLinkError e) {
            return none(e.getMessage() + INSTALL);
        } catch (NoClassDefFoundError e) {
            return none("Aparapi is not on the class path: " + e.getMessage());
        }
    }

    private static String name(OpenCLDevice device) {
        return device.getName() == null ? device.getShortDescription() : device.getName();
    }

    private static OpenClDevices none(String why) {
        return new OpenClDevices(List.of(), Optional.of(why));
    }
}
