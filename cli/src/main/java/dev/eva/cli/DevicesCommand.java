package dev.eva.cli;

import java.io.PrintWriter;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The OpenCL devices of this machine, with the numbers that {@code --device gpu:N} takes. */
@Command(
        name = "devices",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "Lists the OpenCL platforms and devices.%n",
        footer = {"", "Examples:", "  eva devices", "  eva train --device gpu:0"})
final class DevicesCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        Optional<String> missing = OpenCl.missing();
        if (missing.isPresent()) {
            out.println("no OpenCL device: " + missing.get());
            return;
        }
        String platform = "";
        for (OpenCl.Device d : OpenCl.devices()) {
            if (!platform.equals(d.platform())) {
                platform = d.platform();
                out.println(platform);
            }
            out.println("  gpu:" + d.number() + "  " + d.name());
            d.facts().forEach(f -> out.printf("         %-15s%s%n", f.name(), f.value()));
        }
        OpenCl.unavailable().ifPresent(why -> out.println("not to be used: " + why));
    }
}
