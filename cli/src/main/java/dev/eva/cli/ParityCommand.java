package dev.eva.cli;

import dev.eva.model.parity.Parity;
import dev.eva.model.parity.ParityReport;
import dev.eva.model.parity.ParityRow;
import dev.eva.model.parity.ParityRow.Verdict;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares what Eva computes with reference outputs; exit code 1 if anything is too far off. */
@Command(
        name = "parity",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "Compares Eva's numbers with reference outputs.",
        description = {
            "%nRuns everything that a folder holds references for and prints, for each quantity, the largest",
            "difference, the same relative to the reference (its largest value unless the tolerance says otherwise),",
            "the tolerance and the verdict. What Eva does not compute is skipped, never passed. Exit code 1 if",
            "anything fails.%n"
        },
        footer = {
            "",
            "A folder holds, in safetensors of its own:",
            "  a checkpoint and expected.safetensors      logits, hidden states, routing, gradients, greedy tokens",
            "  train.json and expected.safetensors        steps of training from the folder \"start\" beside it",
            "  codec.safetensors                          number formats",
            "  rope.safetensors and rope.json             tables of rotary embedding",
            "  router.safetensors and router.json         routing problems",
            "",
            "Examples:",
            "  eva parity golden/v3-tiny",
            "  eva parity golden/train-v3-tiny --all",
            "  eva parity golden/router --json > result.json"
        })
final class ParityCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "DIR", description = "The folder with the reference outputs.")
    private Path folder;

    @Option(names = "--all", description = "A line for every tensor, not one for tensors of a kind.")
    private boolean all;

    @Option(names = "--json", description = "Print every tensor's result as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        ParityReport report = Parity.run(folder);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(report.toJson());
        } else {
            print(out, report);
        }
        return report.count(Verdict.FAIL) == 0 ? 0 : Eva.FAILED;
    }

    private void print(PrintWriter out, ParityReport report) {
        Table table = new Table().row("quantity", "difference", "relative", "tolerance", "");
        List<ParityRow> rows = all ? report.rows() : report.summary();
        for (ParityRow row : rows) {
            String tolerance = row.tolerance().isEmpty() ? "-" : row.tolerance();
            table.row(row.quantity(), number(row.difference()), number(row.relative()), tolerance, row.verdict());
        }
        table.print(out, "");
        out.println();
        rows.stream()
                .filter(r -> r.verdict() == Verdict.FAIL)
                .forEach(r -> out.println("FAIL " + r.quantity() + ": " + r.note()));
        Map<String, List<String>> skipped = rows.stream()
                .filter(r -> r.verdict() == Verdict.SKIP)
                .collect(Collectors.groupingBy(
                        ParityRow::note,
                        LinkedHashMap::new,
                        Collectors.mapping(ParityRow::quantity, Collectors.toList())));
        skipped.forEach((why, names) -> out.println("SKIP " + String.join(", ", names) + ": " + why));
        out.println(folder + ": " + report.count(Verdict.PASS) + " passed, " + report.count(Verdict.FAIL) + " failed, "
                + report.count(Verdict.SKIP) + " skipped");
    }

    private static String number(double x) {
        return Double.isNaN(x) ? "-" : x == 0 ? "0" : String.format(Locale.ROOT, "%.1e", x);
    }
}
