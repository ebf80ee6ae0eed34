package dev.eva.cli;

import dev.eva.masterclass.Masterclass;
import dev.eva.masterclass.MasterclassSettings;
import dev.eva.masterclass.Verdict;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows how DeepSeek-V3 works: runs the experiments and writes the page. */
@Command(
        name = "masterclass",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "How DeepSeek-V3 works, shown by experiments that run here.",
        description = {
            "%nLatent attention, routed experts, FP8, and a model that is really trained: twelve sections, whose "
                    + "tables are printed as they come. At the end there is a page for the browser, index.html, with "
                    + "formulas, code, tables and pictures of this run, and all its numbers in figures.json.",
            "%nExit code 1 if one of the success criteria is not met.%n"
        },
        footer = {
            "",
            "Examples:",
            "  eva masterclass                 the whole of it, some minutes",
            "  eva masterclass --quick         shorter training and experiments",
            "  eva masterclass --run runs/mine with the model of a run of yours"
        })
final class MasterclassCommand implements Callable<Integer> {
    /** Seconds that an experiment may take to come to where it can end. */
    private static final long PATIENCE = 15;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "runs/masterclass",
            description = "Folder of the page (${DEFAULT-VALUE}); files of an earlier page are replaced.")
    private Path out;

    @Option(names = "--quick", description = "Shorter experiments and training.")
    private boolean quick;

    @Option(names = "--run", paramLabel = "DIR", description = "A run of eva train, in place of training a model here.")
    private Path run;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of random data and weights (${DEFAULT-VALUE}).")
    private long seed;

    @Mixin
    private DeviceOption device;

    @Override
    public Integer call() {
        device.apply();
        PrintWriter to = spec.commandLine().getOut();
        Masterclass masterclass = Masterclass.of(new MasterclassSettings(out, quick, seed, Optional.ofNullable(run)));
        MasterclassProgress progress = new MasterclassProgress(to);
        Masterclass.Outcome outcome;
        try (Interruption interruption = new Interruption(progress::stop, PATIENCE)) {
            try {
                outcome = masterclass.run(progress);
            } catch (RuntimeException e) {
                if (!interruption.asked()) {
                    throw e;
                }
                progress.done();
                String saved = e instanceof CancellationException && e.getMessage() != null ? e.getMessage() : "";
                to.println("stopped: no page was written" + (saved.isEmpty() ? "" : "; " + saved));
                to.flush();
                return Interruption.CODE;
            }
        }
        progress.done();
        to.println();
        to.println("page: " + outcome.page());
        long failed = outcome.verdicts().stream().filter(v -> !v.passed()).count();
        if (failed > 0) {
            for (Verdict v : outcome.verdicts()) {
                if (!v.passed()) {
                    spec.commandLine().getErr().println("not met: " + v.criterion() + ": " + v.measured());
                }
            }
            return Eva.FAILED;
        }
        return 0;
    }
}
