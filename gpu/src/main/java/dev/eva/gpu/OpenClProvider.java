package dev.eva.gpu;

import dev.eva.fp8.Fp8MatrixKernel;
import dev.eva.tensor.kernel.DevicePeak;
import dev.eva.tensor.kernel.FeedForwardKernel;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.KernelProvider;
import dev.eva.tensor.kernel.Kernels;
import java.util.Optional;

/**
 * Products, feed-forward networks and FP8 conversion on an OpenCL device, through Aparapi: for whoever asks
 * ({@code --device gpu}), because whether it pays depends on the device. Loads, and says what is missing, on any
 * machine.
 *
 * <p>{@code -Deva.opencl.device=N} takes a device by its number in {@code eva devices}; without it, the first GPU, else
 * the first accelerator, else the first CPU.
 */
public final class OpenClProvider implements KernelProvider {
    /** The name that {@code -Deva.kernels} takes. */
    public static final String NAME = "opencl";

    /** One device a process: its kernels, and what is resident. Made when the first family is asked for. */
    private static final class Lazy {
        static final DeviceSession SESSION = DeviceSession.open(DeviceChoice.chosen());
        static final DeviceGemm GEMM = new DeviceGemm(SESSION, Kernels.findWithout(NAME, Gemm.class, Gemm.REFERENCE));
        static final FeedForwardKernel FEED_FORWARD = new DeviceFeedForward(GEMM);
        static final Fp8MatrixKernel FP8 = new DeviceQuantizer(SESSION);
        static final DevicePeak PEAK = new Ceilings(SESSION);

        private Lazy() {}
    }

    /** For {@link java.util.ServiceLoader}. */
    public OpenClProvider() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int priority() {
        return 50;
    }

    @Override
    public boolean onlyIfForced() {
        return true;
    }

    @Override
    public Optional<String> unavailable() {
        return DeviceChoice.unavailable();
    }

    @Override
    public String description() {
        return DeviceChoice.chosen().describe();
    }

    @Override
    public <F> Optional<F> find(Class<F> family) {
        Object found = null;
        if (family == Gemm.class) {
            found = Lazy.GEMM;
        } else if (family == FeedForwardKernel.class) {
            found = Lazy.FEED_FORWARD;
        } else if (family == Fp8MatrixKernel.class && Lazy.SESSION.hasDoubles()) {
            found = Lazy.FP8;
        } else if (family == DevicePeak.class) {
            found = Lazy.PEAK;
        }
        return Optional.ofNullable(found).map(family::cast);
    }
}
