package dev.eva.model.parity;

import dev.eva.model.parity.ParityRow.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What came of a folder of reference outputs.
 *
 * @param folder as it was given
 * @param rows one for each quantity, in the order of the computation
 */
public record ParityReport(String folder, List<ParityRow> rows) {
    public ParityReport {
        rows = List.copyOf(rows);
    }

    /** Number of quantities with a verdict. */
    public long count(Verdict verdict) {
        return rows.stream().filter(r -> r.verdict() == verdict).count();
    }

    /**
     * The rows, with those of one family and verdict in one: {@code grad.* (147)}, its largest differences. Failures
     * stay alone.
     */
    public List<ParityRow> summary() {
        Map<String, List<ParityRow>> groups = new LinkedHashMap<>();
        for (ParityRow row : rows) {
            String key = row.verdict() == Verdict.FAIL ? row.quantity() : row.family();
            groups.computeIfAbsent(row.verdict() + " " + key, k -> new ArrayList<>())
                    .add(row);
        }
        return groups.values().stream().map(ParityReport::merge).toList();
    }

    private static ParityRow merge(List<ParityRow> group) {
        ParityRow first = group.getFirst();
        if (group.size() == 1) {
            return first;
        }
        TreeSet<String> tolerances = new TreeSet<>();
        TreeSet<String> notes = new TreeSet<>();
        double difference = Double.NaN;
        double relative = Double.NaN;
        for (ParityRow row : group) {
            tolerances.add(row.tolerance());
            notes.add(row.note());
            difference = larger(difference, row.difference());
            relative = larger(relative, row.relative());
        }
        return new ParityRow(
                first.family() + " (" + group.size() + ")",
                first.verdict(),
                difference,
                relative,
                String.join("; ", tolerances),
                String.join("; ", notes));
    }

    private static double larger(double a, double b) {
        return Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.max(a, b);
    }

    /**
     * All rows as JSON: {@code folder}, {@code passed}, {@code failed}, {@code skipped}, and {@code results} with
     * {@code quantity}, {@code verdict}, {@code difference} and {@code relative} (null where there is no finite one),
     * {@code tolerance} and {@code note}.
     */
    public String toJson() {
        JsonMapper json = JsonMapper.shared();
        ObjectNode root = json.createObjectNode();
        root.put("folder", folder);
        root.put("passed", count(Verdict.PASS));
        root.put("failed", count(Verdict.FAIL));
        root.put("skipped", count(Verdict.SKIP));
        var results = root.putArray("results");
        for (ParityRow row : rows) {
            ObjectNode node = results.addObject();
            node.put("quantity", row.quantity());
            node.put("verdict", row.verdict().name());
            node.put("difference", finite(row.difference()));
            node.put("relative", finite(row.relative()));
            node.put("tolerance", row.tolerance());
            node.put("note", row.note());
        }
        return json.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private static Double finite(double x) {
        return Double.isFinite(x) ? (Double) x : null;
    }
}
