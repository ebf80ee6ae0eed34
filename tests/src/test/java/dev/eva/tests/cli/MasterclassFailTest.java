package dev.eva.tests.cli;

import static dev.eva.tests.cli.Cli.eva;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model that one step has trained does not pass: its router, as it was drawn, prefers some experts. */
@Tag("slow")
class MasterclassFailTest {
    @TempDir
    Path folder;

    @Test
    void aCriterionThatIsNotMetIsSaidAndIsTheExitCode() throws Exception {
        Path run = folder.resolve("run");
        Cli train = eva(
                "train", "--steps", "1", "--batch-size", "2", "--length", "32", "--validation", "0.002", "--out",
                run.toString());
        assertThat(train.code()).as(train.err()).isZero();
        Path out = folder.resolve("page");
        Cli page = eva("masterclass", "--quick", "--run", run.toString(), "--out", out.toString());
        assertThat(page.code()).as(page.err()).isEqualTo(1);
        assertThat(page.out()).contains("FAIL  balance score, worst layer: ", "PASS  MLA memory reduction");
        assertThat(page.err()).contains("not met: balance score, worst layer: ");
        assertThat(page.out()).contains("page: " + out.resolve("index.html"));
        assertThat(Files.readString(out.resolve("index.html"))).contains("<em>FAIL</em>");
        assertThat(out.resolve("run")).doesNotExist();
    }
}
