package dev.eva.gpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.NoSuchElementException;

/** What {@code clGetDeviceInfo} says and Aparapi does not ask. */
final class DeviceInfo {
    private static final int DRIVER_VERSION = 0x102D;
    private static final int DOUBLE_FP_CONFIG = 0x1032;
    private static final int MOST = 1024;

    private DeviceInfo() {}

    /** Version of the driver, or an empty string. */
    static String driver(long device) {
        byte[] text = get(device, DRIVER_VERSION);
        return new String(text, StandardCharsets.UTF_8).replace("\0", "").strip();
    }

    /** Whether the device has float64. */
    static boolean doubles(long device) {
        for (byte b : get(device, DOUBLE_FP_CONFIG)) {
            if (b != 0) {
                return true;
            }
        }
        return false;
    }

    /** The bytes of a property; none if it cannot be asked for. */
    private static byte[] get(long device, int property) {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String library = os.startsWith("windows")
                ? "OpenCL.dll"
                : os.startsWith("mac") ? "/System/Library/Frameworks/OpenCL.framework/OpenCL" : "libOpenCL.so.1";
        try (Arena arena = Arena.ofConfined()) {
            MethodHandle clGetDeviceInfo = Linker.nativeLinker()
                    .downcallHandle(
                            SymbolLookup.libraryLookup(library, Arena.global())
                                    .find("clGetDeviceInfo")
                                    .orElseThrow(),
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.ADDRESS));
            MemorySegment value = arena.allocate(MOST);
            MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
            int status = (int) clGetDeviceInfo.invokeExact(device, property, (long) MOST, value, size);
            return status == 0
                    ? value.asSlice(0, size.get(ValueLayout.JAVA_LONG, 0)).toArray(ValueLayout.JAVA_BYTE)
                    : new byte[0];
        } catch (IllegalArgumentException | NoSuchElementException e) {
            // A loader of another name: the property is left out of the list, nothing depends on it.
            return new byte[0];
        } catch (Throwable e) {
            // What a method handle declares; a call into native code throws nothing.
            throw new AssertionError(e);
        }
    }
}
