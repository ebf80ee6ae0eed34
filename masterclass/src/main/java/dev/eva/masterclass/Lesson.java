package dev.eva.masterclass;

import dev.eva.report.Chart;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import dev.eva.report.Page;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;

/**
 * What a section works with: settings, figures, and the page, parts of which go to the listener, too. Text is markup,
 * see {@link Page}: numbers in it come from {@link #figures()}.
 */
final class Lesson {
    private final MasterclassSettings settings;
    private final Page page;
    private final Figures figures;
    private final MasterclassListener listener;
    private final List<Verdict> verdicts = new ArrayList<>();

    Lesson(MasterclassSettings settings, Page page, Figures figures, MasterclassListener listener) {
        this.settings = settings;
        this.page = page;
        this.figures = figures;
        this.listener = listener;
    }

    MasterclassSettings settings() {
        return settings;
    }

    /** Numbers for the text; a section puts its own in before it names them. */
    Figures figures() {
        return figures;
    }

    /** Random numbers that depend on the seed and the purpose alone, whatever other sections draw. */
    SplittableRandom random(String purpose) {
        return new SplittableRandom(settings.seed() * 31 + purpose.hashCode());
    }

    /**
     * Says how far something is, between 0 and 1.
     *
     * @throws CancellationException if the masterclass is to end
     */
    void progress(String what, double share) {
        goOn();
        listener.progress(what, share);
    }

    /** @throws CancellationException if the masterclass is to end */
    void goOn() {
        if (listener.stopped()) {
            throw new CancellationException();
        }
    }

    /** A heading inside the section. */
    void heading(String text) {
        page.heading(text);
    }

    /** A paragraph. */
    void text(String text) {
        page.text(text);
    }

    /** Points below each other. */
    void list(String... items) {
        page.list(items);
    }

    /** A formula in a line of its own, and what its letters are, with shapes. */
    void formula(String formula, String... where) {
        page.formula(formula, where);
    }

    /** The lines of a class of this module between {@code // snippet: NAME} and {@code // end}: what really ran. */
    void code(Class<?> owner, String snippet) {
        page.code(Snippets.of(owner, snippet), owner.getSimpleName() + ".java");
    }

    /** What the result means, or what to look for: on the page and in the terminal. */
    void finding(String text) {
        goOn();
        page.finding(text);
        listener.finding(page.plain(text));
    }

    /** A table, on the page and in the terminal. */
    void table(DataTable table) {
        goOn();
        page.table(table);
        listener.table(
                page.plain(table.caption()),
                table.header().stream().map(page::plain).toList(),
                table.rows().stream()
                        .map(row -> row.stream().map(page::plain).toList())
                        .toList());
    }

    /** A chart; its files are called {@code name}, which begins with the section's id. */
    void picture(String name, Chart chart, String caption) {
        page.picture(name, chart, caption);
    }

    /** Text that a model wrote, on the page and in the terminal. */
    void sample(String text) {
        page.sample(text);
        listener.sample(text);
    }

    /**
     * Judges a criterion; one that is not met makes the whole command fail.
     *
     * @param measured markup with the figures that decide
     */
    void judge(String criterion, String measured, boolean passed) {
        Verdict verdict = new Verdict(page.plain(criterion), page.plain(measured), passed);
        verdicts.add(verdict);
        listener.verdict(verdict);
    }

    /** All criteria that were judged. */
    List<Verdict> verdicts() {
        return verdicts;
    }
}
