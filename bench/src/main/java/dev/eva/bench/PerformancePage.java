package dev.eva.bench;

import dev.eva.measure.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** docs/performance.md from the sections that were measured. */
final class PerformancePage {
    private final StringBuilder page = new StringBuilder();

    private PerformancePage() {}

    /**
     * Writes the page, a table for each title.
     *
     * @param sections in the order of the page
     * @param missing ids that have not been measured
     * @param picture beside the page, shown where it is there
     */
    static void write(Path file, List<Section> sections, List<String> missing, String picture) throws IOException {
        PerformancePage p = new PerformancePage();
        p.head(missing, others(file));
        String title = "";
        for (Section section : sections) {
            if (!section.title().equals(title)) {
                title = section.title();
                p.title(section);
                if (section.id().equals("roofline") && Files.exists(file.resolveSibling(picture))) {
                    p.line("![every kernel under the roof of the machine](" + picture + ")")
                            .line("");
                }
                p.line("| what | Eva | " + section.peer() + " | ratio | aim | |")
                        .line("|---|---|---|---|---|---|");
            }
            section.lines().forEach(l -> p.line(row(l)));
        }
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(part, p.page);
        Files.move(part, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    /** Pages of other machines, which lie beside this one. */
    private static List<String> others(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(p -> !p.equals(file.toAbsolutePath()))
                    .map(p -> p.getFileName().toString())
                    .filter(n -> n.matches("performance.*\\.md"))
                    .sorted()
                    .map(n -> "[" + n + "](" + n + ")")
                    .toList();
        }
    }

    private void head(List<String> missing, List<String> others) {
        line("# Performance").line("");
        line("Written by `bench/performance.sh`, a section at a time: the date stands with the command that measures it"
                + " again. Medians with the least and most of their rounds; both sides take turns, and a ratio is that"
                + " of each round.");
        line("");
        Machine.here().facts().forEach((label, text) -> line("- " + label + ": " + text));
        if (!others.isEmpty()) {
            line("- other machines: " + String.join(", ", others));
        }
        if (!missing.isEmpty()) {
            line("- not measured: " + String.join(", ", missing));
        }
    }

    private void title(Section section) {
        line("").line("## " + section.title()).line("");
        line("`" + section.command() + "` (" + section.date() + ")").line("");
        if (!section.text().isEmpty()) {
            line(section.text()).line("");
        }
    }

    private static String row(Line l) {
        String aim =
                l.wanted().isEmpty() ? "" : l.wanted() + (l.met() == null ? "" : l.met() ? ", met" : ", **short**");
        return "| " + String.join(" | ", l.what(), text(l.eva()), text(l.peer()), ratio(l.ratio()), aim, l.note())
                + " |";
    }

    private static String text(Side side) {
        if (side == null) {
            return "";
        }
        return side.samples() == 1
                ? number(side.median())
                : number(side.median()) + " (" + number(side.least()) + " to " + number(side.most()) + ")";
    }

    private static String ratio(Side side) {
        if (side == null) {
            return "";
        }
        return side.least() == side.most()
                ? String.format(Locale.ROOT, "%.2f", side.median())
                : String.format(Locale.ROOT, "%.2f (%.2f to %.2f)", side.median(), side.least(), side.most());
    }

    /** Three digits at least. */
    static String number(double x) {
        int decimals = x >= 100 ? 0 : x >= 10 ? 1 : x >= 1 ? 2 : 3;
        return String.format(Locale.ROOT, "%,." + decimals + "f", x);
    }

    private PerformancePage line(String text) {
        page.append(text).append('\n');
        return this;
    }
}
