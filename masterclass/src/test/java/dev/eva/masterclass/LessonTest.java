package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.report.DataTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LessonTest {
    /** A section of one experiment. */
    private record Single(Consumer<Lesson> experiment) implements Section {
        @Override
        public String id() {
            return "single";
        }

        @Override
        public String title() {
            return "A section";
        }

        @Override
        public void run(Lesson lesson) {
            experiment.accept(lesson);
        }
    }

    /** Writes down what it hears. */
    private static final class Heard implements MasterclassListener {
        private final List<String> all = new ArrayList<>();

        @Override
        public void section(int number, int of, String title) {
            all.add(number + "/" + of + " " + title);
        }

        @Override
        public void progress(String what, double share) {
            all.add(what + " " + share);
        }

        @Override
        public void finding(String text) {
            all.add(text);
        }

        @Override
        public void table(String caption, List<String> header, List<List<String>> rows) {
            all.add(caption + " " + header + " " + rows);
        }

        @Override
        public void sample(String text) {
            all.add(text);
        }

        @Override
        public void verdict(Verdict verdict) {
            all.add(verdict.toString());
        }
    }

    private static MasterclassSettings settings(Path out) {
        return new MasterclassSettings(out, true, 1, Optional.empty());
    }

    @Test
    void pageAndListenerGetTheSameNumbers(@TempDir Path folder) throws IOException {
        Heard heard = new Heard();
        Masterclass.Outcome outcome = Masterclass.of(settings(folder), List.of(new Single(lesson -> {
                    lesson.figures().put("single.count", 3);
                    lesson.progress("counting", 0.5);
                    lesson.table(DataTable.of("All", "", "n").row("a", "{single.count}"));
                    lesson.finding("There are {single.count}.");
                    lesson.judge("enough", "{single.count}", true);
                })))
                .run(heard);
        assertThat(heard.all)
                .containsExactly(
                        "1/1 A section",
                        "counting 0.5",
                        "All [, n] [[a, 3]]",
                        "There are 3.",
                        "Verdict[criterion=enough, measured=3, passed=true]");
        assertThat(outcome.passed()).isTrue();
        assertThat(outcome.page()).isEqualTo(folder.resolve("index.html"));
        assertThat(Files.readString(outcome.page())).contains("<section id=\"single\">", ">3</data>");
        assertThat(Files.readString(folder.resolve("figures.json"))).contains("single.count", "\"cores\"", "\"date\"");
    }

    @Test
    void oneCriterionThatIsNotMetFailsAll(@TempDir Path folder) {
        Section section = new Single(lesson -> {
            lesson.judge("first", "yes", true);
            lesson.judge("second", "no", false);
        });
        assertThat(Masterclass.of(settings(folder), List.of(section))
                        .run(new Heard())
                        .passed())
                .isFalse();
    }

    @Test
    void anExperimentThatFailsLeavesNoPage(@TempDir Path folder) {
        Section section = new Single(lesson -> {
            throw new IllegalStateException("no luck");
        });
        Masterclass masterclass = Masterclass.of(settings(folder.resolve("new")), List.of(section));
        assertThatThrownBy(() -> masterclass.run(new Heard())).hasMessage("no luck");
        assertThat(folder.resolve("new")).doesNotExist();
    }

    @Test
    void foldersThatCannotBeUsedAreNamed(@TempDir Path folder) throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> Masterclass.of(settings(file))).hasMessageContaining("--out: " + file + " is a file");
        assertThatThrownBy(() -> Masterclass.of(settings(file.resolve("page"))))
                .hasMessageContaining("--out: " + file + " is a file");
        assertThatThrownBy(() -> Masterclass.of(new MasterclassSettings(folder, true, 1, Optional.of(folder))))
                .hasMessageContaining("--run: " + folder + " is no run of eva train");
    }

    @Test
    void idsAreUniqueAndRandomNumbersDependOnThePurpose(@TempDir Path folder) {
        List<String> ids =
                Sections.all(settings(folder)).stream().map(Section::id).toList();
        assertThat(ids).doesNotHaveDuplicates().allMatch(id -> id.matches("[a-z0-9-]+"));
        List<Long> drawn = new ArrayList<>();
        Masterclass.of(settings(folder), List.of(new Single(l -> {
                    drawn.add(l.random("a").nextLong());
                    drawn.add(l.random("a").nextLong());
                    drawn.add(l.random("b").nextLong());
                })))
                .run(new Heard());
        assertThat(drawn.get(0)).isEqualTo(drawn.get(1)).isNotEqualTo(drawn.get(2));
    }
}
