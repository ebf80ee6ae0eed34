package dev.eva.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command line's root. Exit codes: 0 done, 1 failed, 2 wrong usage. */
@Command(
        name = "eva",
        versionProvider = Eva.Version.class,
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description = "Trains and runs DeepSeek-V3-style language models on the CPU.%n",
        footer = {
            "",
            "Examples:",
            "  eva train                               a model that writes plays",
            "  eva train --data mytexts/ --minutes 30  one that writes like you",
            "  eva COMMAND --help                      all about a command"
        })
public final class Eva implements Runnable {
    private static final List<Class<?>> COMMANDS = List.of(
            TrainCommand.class,
            GenerateCommand.class,
            ChatCommand.class,
            ExportCommand.class,
            QuantizeCommand.class,
            DequantizeCommand.class,
            InitCommand.class,
            LogitsCommand.class,
            TokenizerCommand.class,
            InfoCommand.class,
            ParityCommand.class,
            MemoryCommand.class,
            MasterclassCommand.class,
            DevicesCommand.class,
            BenchCommand.class,
            DoctorCommand.class,
            CommandLine.HelpCommand.class);

    /** No option is a date or a database, whose converters picocli would otherwise look up for each command anew. */
    private static final String NO_CONVERTERS = "java\\.(sql|time)\\..*";

    static final int FAILED = 1;
    static final int USAGE = 2;

    @CommandLine.Spec
    private CommandSpec spec;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Print the stack trace of an error.")
    private boolean debug;

    /** Runs the command line and ends the process with its exit code. */
    public static void main(String[] args) {
        Ahead.begin(List.of(args));
        System.exit(run(
                new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                args));
    }

    /** Runs the command line with the given outputs; returns the exit code. */
    public static int run(PrintWriter out, PrintWriter err, String... args) {
        System.setProperty("picocli.converters.excludes", NO_CONVERTERS);
        CommandLine line = new CommandLine(new Eva());
        addCommands(line, List.of(args));
        line.setOut(out)
                .setErr(err)
                .setUsageHelpAutoWidth(true)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, given) -> {
                    err.println(Failure.usage(e));
                    return USAGE;
                });
        line.setExecutionExceptionHandler((e, command, parsed) -> report(line, command, e));
        line.setExecutionStrategy(parsed -> {
            try {
                return new CommandLine.RunLast().execute(parsed);
            } catch (Error e) {
                // picocli hands exceptions over, but lets errors through: memory, a class that cannot be initialised.
                return report(line, parsed.asCommandLineList().getLast(), e);
            }
        });
        try {
            return line.execute(args);
        } finally {
            out.flush();
            err.flush();
        }
    }

    /**
     * Adds the command that the first word names, or else all of them: for their help, for the nearest name to one that
     * is none, or because an option stands first.
     */
    private static void addCommands(CommandLine line, List<String> words) {
        for (Class<?> command : COMMANDS) {
            String name = command.getAnnotation(Command.class).name();
            if (command != CommandLine.HelpCommand.class && !words.isEmpty() && name.equals(words.getFirst())) {
                line.addSubcommand(name, command);
                return;
            }
        }
        for (Class<?> command : COMMANDS) {
            Command about = command.getAnnotation(Command.class);
            line.addSubcommand(about.name(), words.contains(about.name()) ? command : outline(about));
        }
    }

    /** What the help of all commands shows of one: to read the options of every command takes longer than most run. */
    private static CommandSpec outline(Command about) {
        CommandSpec spec = CommandSpec.create();
        spec.usageMessage().header(about.header());
        return spec;
    }

    private static int report(CommandLine root, CommandLine command, Throwable e) {
        PrintWriter err = root.getErr();
        err.println(command.getCommandSpec().qualifiedName() + ": " + Failure.message(e));
        if (((Eva) root.getCommand()).debug) {
            e.printStackTrace(err);
        }
        return e instanceof CommandLine.ParameterException ? USAGE : FAILED;
    }

    /** Without a command: the help. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /** {@code eva 0.1.0 (Java 25.0.1, Linux amd64)}. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Eva.class.getPackage().getImplementationVersion();
            return new String[] {
                "eva " + (version == null ? "(unpacked)" : version) + " (Java " + Runtime.version() + ", "
                        + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ")"
            };
        }
    }
}
