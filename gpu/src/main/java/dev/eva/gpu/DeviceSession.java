package dev.eva.gpu;

import com.aparapi.Kernel;
import com.aparapi.Range;
import com.aparapi.device.OpenCLDevice;
import com.aparapi.internal.kernel.KernelManager;
import com.aparapi.internal.kernel.KernelProfile;
import com.aparapi.internal.model.ClassModel;
import com.aparapi.internal.writer.KernelWriter;
import dev.eva.gpu.OpenClDevices.Device;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * A device, and the way to run kernels on it and nowhere else: where Aparapi would go on in Java threads, this throws.
 * All work of a device is done under the session's lock.
 */
final class DeviceSession {
    private final Device device;
    private final OpenCLDevice handle;
    /** The arrays of each kernel in its last run. */
    private final Map<Kernel, Map<Field, Object>> held = new WeakHashMap<>();

    private long sentBytes;
    private long fetchedBytes;

    private DeviceSession(Device device, OpenCLDevice handle) {
        this.device = device;
        this.handle = handle;
    }

    static DeviceSession open(Device device) {
        OpenCLDevice handle = OpenClDevices.handle(device);
        // A CPU device copies as others do. Were it to work in the heap's own arrays, Aparapi's get() would pin an
        // array that the collector has moved and note its new address, and the next run would not see that the
        // device's buffer is still at the old one: the kernel would write into what lies there now.
        handle.setSharedMemory(false);
        return new DeviceSession(device, handle);
    }

    Device device() {
        return device;
    }

    /** Whether it computes in float64. */
    boolean hasDoubles() {
        return device.doubles();
    }

    /** Whether it is a CPU, whose work items are threads with vector registers. */
    boolean isCpu() {
        return device.type().equals("CPU");
    }

    /** Work items of a group at most. */
    int largestGroup() {
        return handle.getMaxWorkGroupSize();
    }

    Range range(int globalX, int globalY, int localX, int localY) {
        return handle.createRange2D(globalX, globalY, localX, localY);
    }

    /**
     * Runs a kernel {@code passes} times, in order.
     *
     * @throws IllegalStateException if it ran elsewhere or not at all; with the OpenCL that it was translated to
     */
    void run(Kernel kernel, Range range, int passes) {
        kernel.setExplicit(true);
        countNewArrays(kernel);
        try {
            kernel.execute(range, passes);
        } catch (RuntimeException | AssertionError e) {
            // What cannot be translated or built ends in any of these, by way of Java threads.
            throw failed(kernel, "could not be run: " + e, e);
        }
        // The target device says what was wanted, the profile where it was done.
        KernelProfile profile = KernelManager.instance().getProfile(kernel.getClass());
        if (profile.getLastDeviceProfile() != profile.getDeviceProfile(handle) || !kernel.isRunningCL()) {
            throw failed(kernel, "did not run there: " + profile.getLastDeviceProfile(), null);
        }
    }

    /** Has an array that the device holds already sent again by the next run. */
    void send(Kernel kernel, float[] array) {
        sentBytes += bytes(array);
        kernel.put(array);
    }

    /** Brings an array back. */
    void fetch(Kernel kernel, float[] array) {
        fetchedBytes += bytes(array);
        kernel.get(array);
    }

    /** Brings an array back. */
    void fetch(Kernel kernel, byte[] array) {
        fetchedBytes += bytes(array);
        kernel.get(array);
    }

    /**
     * Bytes of arrays that went to the device since the session was opened. What Aparapi sends once more because the
     * collector has moved an array is not among them.
     */
    long sentBytes() {
        return sentBytes;
    }

    /** Bytes of arrays that came back. */
    long fetchedBytes() {
        return fetchedBytes;
    }

    /** Aparapi sends the array of a field whole if it is another one than in the last run. */
    private void countNewArrays(Kernel kernel) {
        Map<Field, Object> last = held.computeIfAbsent(kernel, k -> new HashMap<>());
        for (Field field : kernel.getClass().getFields()) {
            if (field.getType().isArray()) {
                Object array = valueOf(field, kernel);
                if (last.put(field, array) != array) {
                    sentBytes += bytes(array);
                }
            }
        }
    }

    private static Object valueOf(Field field, Kernel kernel) {
        try {
            return field.get(kernel);
        } catch (IllegalAccessException e) {
            throw new AssertionError("public field of a public class: " + field, e);
        }
    }

    private static long bytes(Object array) {
        int width = array instanceof byte[] ? Byte.BYTES : Float.BYTES;
        return (long) width * Array.getLength(array);
    }

    private IllegalStateException failed(Kernel kernel, String what, Throwable cause) {
        return new IllegalStateException(
                "opencl: kernel " + kernel.getClass().getSimpleName() + " " + what + "; expected on device "
                        + device.describe() + ", driver " + device.driver() + "; its translation:\n"
                        + translation(kernel),
                cause);
    }

    private static String translation(Kernel kernel) {
        try {
            ClassModel model = ClassModel.createClassModel(kernel.getClass());
            return KernelWriter.writeToString(model.getEntrypoint("run", kernel));
        } catch (Exception | AssertionError e) {
            return "none: " + e;
        }
    }
}
