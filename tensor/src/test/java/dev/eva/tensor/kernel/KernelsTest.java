package dev.eva.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The choice is made once a process, so each case is a process of its own. */
class KernelsTest {
    private static final String VECTOR_API = "--add-modules=jdk.incubator.vector";

    /** Prints the choice. */
    static final class Probe {
        private Probe() {}

        public static void main(String[] args) {
            System.out.println(Kernels.summary());
            Elementwise found = Kernels.find(Elementwise.class, Elementwise.REFERENCE);
            System.out.println("reference: " + (found == Elementwise.REFERENCE));
            Kernels.candidates().forEach(System.out::println);
        }
    }

    @Test
    void theVectorProviderWinsWhereItCanWork() throws Exception {
        assertThat(probe(VECTOR_API))
                .contains("kernels: vector (")
                .contains("bit")
                .contains("reference: false");
    }

    @Test
    void withoutTheVectorApiTheReferenceRunsAndSaysWhy() throws Exception {
        assertThat(probe())
                .contains("kernels: reference (nothing faster works here)")
                .contains("reference: true")
                .contains("name=vector")
                .contains("jdk.incubator.vector");
    }

    @Test
    void eachCanBeForced() throws Exception {
        assertThat(probe(VECTOR_API, "-Deva.kernels=reference"))
                .contains("kernels: reference (-Deva.kernels)")
                .contains("reference: true")
                .contains("not asked for: -Deva.kernels=reference");
        assertThat(probe(VECTOR_API, "-Deva.kernels=vector")).contains("kernels: vector (");
    }

    @Test
    void forcedButUnavailableIsAnErrorWithTheMissingFlag() throws Exception {
        assertThat(probe("-Deva.kernels=vector"))
                .contains("-Deva.kernels=vector: ")
                .contains("--add-modules jdk.incubator.vector")
                .doesNotContain("reference: ");
    }

    @Test
    void forcedButUnknownIsAnErrorThatNamesTheKnown() throws Exception {
        assertThat(probe("-Deva.kernels=vectro"))
                .contains("-Deva.kernels=vectro: no such provider; have vector, reference");
    }

    @Test
    void aNamedProviderCanBeHadBesideTheChoice() {
        assertThat(Kernels.names()).startsWith("vector").endsWith("reference");
        assertThat(Kernels.of("reference", Elementwise.class, Elementwise.REFERENCE))
                .containsSame(Elementwise.REFERENCE);
        assertThat(Kernels.of("vector", Elementwise.class, Elementwise.REFERENCE))
                .get()
                .isNotSameAs(Elementwise.REFERENCE);
        assertThat(Kernels.of("vector", Runnable.class, () -> {})).isEmpty();
        assertThatThrownBy(() -> Kernels.of("vectro", Elementwise.class, Elementwise.REFERENCE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("kernels: no provider vectro; have vector, reference");
    }

    private static String probe(String... flags) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx64m");
        command.add("-XX:TieredStopAtLevel=1");
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        p.waitFor();
        return out;
    }
}
