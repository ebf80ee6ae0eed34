package dev.eva.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class OpenClDevicesTest {
    @Test
    void findsDevicesOrSaysWhatIsMissing() {
        OpenClDevices found = OpenClDevices.find();

        assertThat(found.devices().isEmpty()).isEqualTo(found.missing().isPresent());
        assertThat(found.devices()).allSatisfy(d -> {
            assertThat(d.platform()).isNotBlank();
            assertThat(d.name()).isNotBlank();
            assertThat(d.type()).isIn("CPU", "GPU", "ACC");
            assertThat(d.computeUnits()).isPositive();
            assertThat(d.memoryBytes()).isPositive();
        });
        found.missing().ifPresent(why -> assertThat(why).contains("OpenCL").doesNotContain("\n"));
    }

    /** In a JVM whose OpenCL library cannot be found, nor Aparapi's: the answer is a sentence, not an error. */
    @Test
    void survivesAMachineWithoutOpenCl() throws Exception {
        String classPath = System.getProperty("java.class.path");
        String withoutAparapi = String.join(
                File.pathSeparator,
                Arrays.stream(classPath.split(File.pathSeparator))
                        .filter(p -> !p.contains("aparapi"))
                        .toList());
        Process process = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java", "-cp", withoutAparapi, Show.class.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("missing: Aparapi is not on the class path");
    }

    /** Prints what is found. */
    static final class Show {
        public static void main(String[] args) {
            OpenClDevices found = OpenClDevices.find();
            found.missing().ifPresent(why -> System.out.println("missing: " + why));
        }
    }
}
