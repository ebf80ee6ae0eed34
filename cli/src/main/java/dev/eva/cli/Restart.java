package dev.eva.cli;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The same command in a JVM that has what Eva needs. Compiled for Java 11, like {@link Main}. */
final class Restart {
    /** Set in the process that was started again, which must not start a third. */
    static final String MARK = "eva.restarted";

    /** What {@code ./eva} writes beside the jar; the JVM ignores one of another JDK. */
    private static final String ARCHIVE = "eva.jsa";

    static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");
    private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

    private Restart() {}

    /**
     * The command that runs Eva with {@code args} on the Java at {@code home}; the options of this JVM come last, so
     * they win.
     */
    static List<String> command(String home, String... args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(home + File.separator + "bin" + File.separator + (WINDOWS ? "java.exe" : "java"));
        command.addAll(options("jvm.options"));
        if (LINUX) {
            command.addAll(options("jvm-linux.options"));
        }
        Path jar = Paths.get(System.getProperty("java.class.path"));
        Path archive = jar.resolveSibling(ARCHIVE);
        // A jar that was built again since would run with the classes of before.
        if (Files.isReadable(archive)
                && Files.getLastModifiedTime(archive).compareTo(Files.getLastModifiedTime(jar)) > 0) {
            command.add("-XX:SharedArchiveFile=" + archive);
        }
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-D" + MARK, "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(Arrays.asList(args));
        return command;
    }

    /**
     * What has to be loaded before a JVM that uses OpenCL: the JDK's libjsig, without which compilers in OpenCL drivers
     * replace the JVM's signal handlers. Null where it is not needed.
     */
    static String preload(String home, String... args) {
        boolean openCl =
                args.length > 0 && List.of("bench", "devices", "doctor").contains(args[0])
                        || Arrays.stream(args).anyMatch(a -> a.startsWith("--device"));
        Path library = Paths.get(home, "lib", System.mapLibraryName("jsig"));
        return openCl && !WINDOWS && Files.isReadable(library) ? library.toString() : null;
    }

    /** The variable of the environment that names libraries to be loaded first, with one more. */
    static String[] preloadVariable(String library) {
        String name = LINUX ? "LD_PRELOAD" : "DYLD_INSERT_LIBRARIES";
        String before = System.getenv(name);
        return new String[] {name, before == null || before.isEmpty() ? library : library + ":" + before};
    }

    /**
     * Runs the command beside this process and hands its exit code over; a request to end goes to it and is waited for.
     */
    static int child(List<String> command, String preload) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        if (preload != null) {
            String[] variable = preloadVariable(preload);
            builder.environment().put(variable[0], variable[1]);
        }
        Process process = builder.start();
        Thread forward = new Thread(() -> {
            process.destroy();
            process.onExit().join();
        });
        Runtime.getRuntime().addShutdownHook(forward);
        int code = process.waitFor();
        if (forward.getState() == Thread.State.NEW) {
            return code;
        }
        forward.join();
        Runtime.getRuntime().halt(code);
        return code;
    }

    /** The home of a JDK of at least {@code version}, from JAVA_HOME or the usual folders, or null. */
    static String findJava(int version) throws IOException {
        List<Path> homes = new ArrayList<>();
        if (System.getenv("JAVA_HOME") != null) {
            homes.add(Paths.get(System.getenv("JAVA_HOME")));
        }
        String user = System.getProperty("user.home");
        for (String folder : List.of(
                "/usr/lib/jvm",
                "/usr/java",
                "/opt",
                "/opt/java",
                user + "/.sdkman/candidates/java",
                user + "/.jdks",
                "/Library/Java/JavaVirtualMachines",
                "C:\\Program Files\\Java",
                "C:\\Program Files\\Eclipse Adoptium")) {
            if (Files.isDirectory(Paths.get(folder))) {
                try (Stream<Path> inside = Files.list(Paths.get(folder))) {
                    inside.sorted()
                            .flatMap(p -> Stream.of(p, p.resolve("Contents/Home")))
                            .forEach(homes::add);
                }
            }
        }
        for (Path home : homes) {
            if (version(home) >= version) {
                return home.toString();
            }
        }
        return null;
    }

    /** Feature version of the JDK at {@code home}, by its {@code release} file; 0 if there is none. */
    private static int version(Path home) throws IOException {
        Path release = home.resolve("release");
        if (!Files.isReadable(release)) {
            return 0;
        }
        for (String line : Files.readAllLines(release, StandardCharsets.UTF_8)) {
            if (line.startsWith("JAVA_VERSION=")) {
                String number = line.substring("JAVA_VERSION=".length())
                        .replace("\"", "")
                        .split("[.+-]")[0];
                return number.matches("\\d{1,4}") ? Integer.parseInt(number) : 0;
            }
        }
        return 0;
    }

    private static List<String> options(String resource) throws IOException {
        try (InputStream in = Restart.class.getResourceAsStream(resource);
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            return lines.lines().filter(l -> !l.isBlank()).collect(Collectors.toList());
        }
    }
}
