package dev.eva.cli;

import dev.eva.tensor.kernel.Kernels;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where products are computed: decided before anything is, because kernels are chosen once a process. */
final class DeviceOption {
    static final Pattern GPU = Pattern.compile("gpu(?::(\\d{1,4}))?");
    private static final String KERNELS = "eva.kernels";
    private static final String PROVIDER = "opencl";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--device",
            paramLabel = "auto|cpu|gpu[:N]",
            defaultValue = "cpu",
            description = "Where large products are computed; gpu: any OpenCL device, N its number in eva devices; "
                    + "auto: a GPU if there is one (${DEFAULT-VALUE}).")
    private String device;

    /**
     * Whether anything decides about kernels: an option, a file of words in which one may be, or the property. Then the
     * command alone may choose them, once a process, and say what is wrong with it.
     */
    static boolean asked(List<String> words) {
        for (String word : words) {
            if (word.startsWith("--device") || word.startsWith("@")) {
                return true;
            }
        }
        return System.getProperty(KERNELS) != null;
    }

    /** Chooses the kernels of this process. */
    void apply() {
        Matcher gpu = GPU.matcher(device);
        if (gpu.matches()) {
            Optional.ofNullable(gpu.group(1)).map(Integer::valueOf).ifPresent(OpenCl::choose);
            OpenCl.unavailable().ifPresent(why -> {
                throw new IllegalStateException("--device " + device + ": " + why);
            });
            take();
        } else if (device.equals("auto")) {
            auto();
        } else if (!device.equals("cpu")) {
            throw new ParameterException(
                    spec.commandLine(), "--device: " + device + "; need auto, cpu, gpu or gpu:N, N from eva devices");
        }
    }

    private void auto() {
        Optional<OpenCl.Device> gpu = OpenCl.gpu();
        gpu.ifPresent(d -> OpenCl.choose(d.number()));
        Optional<String> why = OpenCl.unavailable();
        if (gpu.isPresent() && why.isEmpty()) {
            take();
            return;
        }
        say("cpu (" + (gpu.isEmpty() && why.isEmpty() ? "no GPU among the OpenCL devices " + OpenCl.list() : why.get())
                + ")");
    }

    private void take() {
        String forced = System.getProperty(KERNELS, "");
        if (!forced.isEmpty() && !forced.equals(PROVIDER)) {
            throw new IllegalStateException("--device " + device + ": -D" + KERNELS + "=" + forced + " is set");
        }
        System.setProperty(KERNELS, PROVIDER);
        if (Kernels.candidates().stream().noneMatch(c -> c.chosen() && c.name().equals(PROVIDER))) {
            throw new IllegalStateException(
                    "--device " + device + ": the kernels of this process were chosen before: " + Kernels.summary());
        }
        say(OpenCl.chosen());
    }

    private void say(String what) {
        spec.commandLine().getErr().println("device: " + what);
    }
}
