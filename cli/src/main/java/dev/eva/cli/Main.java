package dev.eva.cli;

import java.util.List;

/**
 * Entry of the runnable jar. A bare {@code java -jar eva.jar} lacks the Vector API, which no manifest can ask for, and
 * may be an older Java: then the same command starts again with what it needs. Compiled for Java 11, so that an old
 * Java can say so.
 */
public final class Main {
    private static final int JAVA = 25;

    private Main() {}

    /** Runs the command line, in this process or the one that replaces it. */
    public static void main(String[] args) throws Exception {
        int java = Runtime.version().feature();
        if (java >= JAVA
                && ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
            // By name: this class is compiled before, and for an older Java than, the rest.
            Class.forName("dev.eva.cli.Eva").getMethod("main", String[].class).invoke(null, (Object) args);
            return;
        }
        if (System.getProperty(Restart.MARK) != null) {
            fail("eva: the Vector API is missing: this Java has no module jdk.incubator.vector; need a full JDK "
                    + JAVA);
        }
        String home = java >= JAVA ? System.getProperty("java.home") : Restart.findJava(JAVA);
        if (home == null) {
            fail("eva: needs Java " + JAVA + " or newer: this is Java " + java + " and no newer one was found; "
                    + "install a JDK " + JAVA + " or set JAVA_HOME to one");
        }
        List<String> command = Restart.command(home, args);
        String preload = Restart.preload(home, args);
        if (java >= JAVA && !Restart.WINDOWS) {
            Class.forName("dev.eva.cli.ReplaceProcess")
                    .getMethod("exec", List.class, String[].class)
                    .invoke(null, command, preload == null ? null : Restart.preloadVariable(preload));
        }
        System.exit(Restart.child(command, preload));
    }

    private static void fail(String message) {
        System.err.println(message);
        System.exit(1);
    }
}
