package dev.eva.masterclass;

import dev.eva.measure.Machine;
import dev.eva.report.Figures;
import dev.eva.report.Page;
import dev.eva.report.PageFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs every experiment and writes the page, once all of them are done. */
public final class Masterclass {
    private static final String TITLE = "How DeepSeek-V3 works";
    private static final String INTRODUCTION =
            "Latent attention, routed experts, numbers of $8$ bits, and how they fit together: each section says what "
                    + "the problem is, gives the formula, shows the code that ran and what came out *on this machine, "
                    + "in this run*. Numbers in bold type and in tables were computed or measured for this page; all "
                    + "of them are in `figures.json` beside it, under the names that the page's source gives them.";

    private final MasterclassSettings settings;
    private final List<Section> sections;

    /**
     * What a masterclass leaves.
     *
     * @param page the page's file
     * @param verdicts the success criteria
     */
    public record Outcome(Path page, List<Verdict> verdicts) {
        /** Whether every criterion is met. */
        public boolean passed() {
            return verdicts.stream().allMatch(Verdict::passed);
        }
    }

    private Masterclass(MasterclassSettings settings, List<Section> sections) {
        this.settings = settings;
        this.sections = sections;
    }

    /**
     * The masterclass with all sections.
     *
     * @throws IllegalArgumentException if the settings name a folder that cannot be used
     */
    public static Masterclass of(MasterclassSettings settings) {
        checkFolder(settings.out());
        return of(settings, Sections.all(settings));
    }

    /** Asked before minutes of work, not after them. */
    private static void checkFolder(Path out) {
        Path there = out.toAbsolutePath();
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        if (!Files.isDirectory(there)) {
            throw new IllegalArgumentException("--out: " + there + " is a file; need a folder for the page");
        }
        if (!Files.isWritable(there)) {
            throw new IllegalArgumentException("--out: " + there + ": permission denied; choose another folder");
        }
    }

    static Masterclass of(MasterclassSettings settings, List<Section> sections) {
        return new Masterclass(settings, sections);
    }

    /**
     * Runs all sections in order, then writes page, pictures and figures.
     *
     * @throws java.util.concurrent.CancellationException if the listener wants no more; nothing is left but the run of
     *     a training, which is saved, and the message says where
     */
    public Outcome run(MasterclassListener listener) {
        Figures figures = new Figures();
        Machine machine = Machine.here();
        Map<String, Object> about = about(machine);
        Page page = new Page(TITLE, INTRODUCTION, line(about, machine), figures);
        Lesson lesson = new Lesson(settings, page, figures, listener);
        for (int i = 0; i < sections.size(); i++) {
            Section section = sections.get(i);
            lesson.goOn();
            listener.section(i + 1, sections.size(), section.title());
            page.section(section.id(), section.title());
            section.run(lesson);
        }
        Path index = PageFiles.write(settings.out(), page, figures, about);
        return new Outcome(index, List.copyOf(lesson.verdicts()));
    }

    private static String line(Map<String, Object> about, Machine m) {
        return m.cpu() + ", " + m.cores() + " cores, " + m.threads() + " threads; " + m.system() + "; Java " + m.java()
                + "; "
                + m.kernels() + "; seed " + about.get("seed")
                + (about.get("quick").equals(true) ? ", quick" : "") + "; "
                + about.get("date");
    }

    private Map<String, Object> about(Machine machine) {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        about.put("seed", settings.seed());
        about.put("quick", settings.quick());
        about.put("machine", machine);
        return about;
    }
}
