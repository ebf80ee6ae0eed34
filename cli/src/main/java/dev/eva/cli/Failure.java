package dev.eva.cli;

import dev.eva.model.checkpoint.Nearest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Exceptions in a line for people. */
final class Failure {
    private Failure() {}

    /** {@code eva train: unknown option --stpes; did you mean --steps?}. */
    static String usage(ParameterException e) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        if (!(e instanceof UnmatchedArgumentException unmatched)) {
            return command + ": " + oneLine(e.getMessage()) + hint(command);
        }
        CommandLine line = e.getCommandLine();
        String argument = unmatched.getUnmatched().getFirst();
        if (unmatched.isUnknownOption()) {
            Set<String> options = line.getCommandSpec().optionsMap().keySet().stream()
                    .filter(o -> o.startsWith("--"))
                    .collect(Collectors.toCollection(TreeSet::new));
            return unknown(command, "unknown option ", argument.split("=")[0], options);
        }
        return line.getSubcommands().isEmpty()
                ? command + ": unexpected argument " + argument + hint(command)
                : unknown(
                        command,
                        "unknown command ",
                        argument,
                        line.getSubcommands().keySet());
    }

    private static String unknown(String command, String what, String name, Set<String> known) {
        return command + ": " + what + name
                + Nearest.to(name, known).map(n -> "; did you mean " + n + "?").orElse(hint(command));
    }

    /** What went wrong, without the class of the exception where the message says it all. */
    static String message(Throwable e) {
        String message = e.getMessage() == null ? "" : oneLine(e.getMessage());
        return switch (e) {
            case UncheckedIOException io -> message(io.getCause());
            case ExceptionInInitializerError start when start.getCause() != null -> message(start.getCause());
            case NoSuchFileException f -> f.getFile() + ": no such file or folder";
            case AccessDeniedException f -> f.getFile() + ": permission denied";
            case FileAlreadyExistsException f -> f.getFile() + ": exists already";
            case NotDirectoryException f -> f.getFile() + ": not a folder";
            case FileSystemException f -> message;
            case IOException io -> message.isEmpty() ? io.toString() : message;
            case ParameterException p -> message;
            case RuntimeException own when own.getClass().getName().startsWith("dev.eva.") -> message;
            case IllegalArgumentException bad when !message.isEmpty() -> message;
            case IllegalStateException bad when !message.isEmpty() -> message;
            case OutOfMemoryError memory ->
                "out of memory: " + message + ", the heap may grow to "
                        + Runtime.getRuntime().maxMemory() / (1 << 20)
                        + " MiB; use a smaller model, batch or length, or more memory with "
                        + "JAVA_TOOL_OPTIONS=-Xmx16g";
            default -> "internal error: " + oneLine(e.toString()) + "; --debug prints the stack trace";
        };
    }

    private static String hint(String command) {
        return "; see " + command + " --help";
    }

    private static String oneLine(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
