package dev.eva.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README promises, to the letter. */
class ReadmeTest {
    private static final Path ROOT = Path.of(System.getProperty("eva.root"));

    @TempDir
    Path dir;

    /** The program is compiled and run as it stands there; it must have learnt its sentence. */
    @Test
    void theProgramBuildsTrainsAndGenerates() throws Exception {
        String program = block("java");
        Path source = Files.writeString(dir.resolve("Hello.java"), program);
        String classPath = System.getProperty("java.class.path");
        int compiled = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-cp", classPath, "-d", dir.toString(), source.toString());
        assertThat(compiled).isZero();

        Path out = dir.resolve("out");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector",
                        "-cp",
                        dir + java.io.File.pathSeparator + classPath,
                        "Hello")
                .redirectOutput(out.toFile())
                .redirectError(dir.resolve("err").toFile())
                .start();
        assertThat(process.waitFor()).as(Files.readString(dir.resolve("err"))).isZero();
        assertThat(Files.readString(out)).contains("step 1 ", "step 30 ").endsWith(sentenceOf(program));
    }

    @Test
    void theDependencyIsThisVersion() throws Exception {
        String pom = Files.readString(ROOT.resolve("pom.xml"));
        Matcher version = Pattern.compile("<version>([^<]+)</version>").matcher(pom);
        assertThat(version.find()).isTrue();
        assertThat(block("xml")).contains("<artifactId>eva-model</artifactId>", "<version>" + version.group(1) + "<");
    }

    @Test
    void everyFolderHasALine() throws Exception {
        String readme = Files.readString(ROOT.resolve("README.md"));
        List<String> modules = Pattern.compile("<module>([^<]+)</module>")
                .matcher(Files.readString(ROOT.resolve("pom.xml")))
                .results()
                .map(m -> m.group(1))
                .toList();
        assertThat(modules)
                .hasSizeGreaterThan(5)
                .allSatisfy(m -> assertThat(readme).contains("\n| `" + m + "` | "));
    }

    private static String sentenceOf(String program) {
        Matcher text = Pattern.compile("text = \"([^\"]+)\"").matcher(program);
        assertThat(text.find()).isTrue();
        return text.group(1).substring("The quick".length());
    }

    private static String block(String language) throws Exception {
        String readme = Files.readString(ROOT.resolve("README.md"), StandardCharsets.UTF_8);
        Matcher m = Pattern.compile("```" + language + "\\R(.*?)```", Pattern.DOTALL)
                .matcher(readme);
        assertThat(m.find()).as("a block of " + language).isTrue();
        return m.group(1);
    }
}
