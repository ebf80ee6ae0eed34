package dev.eva.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * {@code execv}: this process becomes another program. Better than a child JVM for a restart: one process, so Ctrl-C
 * and {@code kill} reach the training once and directly, the exit code is its own, and no second heap waits.
 */
public final class ReplaceProcess {
    private ReplaceProcess() {}

    /**
     * Becomes {@code command}; returns only if that failed.
     *
     * @param variable name and value to set in the environment first, or null
     */
    public static void exec(List<String> command, String[] variable) throws Throwable {
        Linker linker = Linker.nativeLinker();
        if (variable != null) {
            set(linker, variable[0], variable[1]);
        }
        MethodHandle execv = linker.downcallHandle(
                linker.defaultLookup().find("execv").orElseThrow(),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment argv = arena.allocate(ValueLayout.ADDRESS, command.size() + 1L);
            for (int i = 0; i < command.size(); i++) {
                argv.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(command.get(i)));
            }
            argv.setAtIndex(ValueLayout.ADDRESS, command.size(), MemorySegment.NULL);
            int failed = (int) execv.invokeExact(arena.allocateFrom(command.getFirst()), argv);
            assert failed == -1;
        }
    }

    /** The environment of this process, which its successor inherits; the JVM's own copy does not see it. */
    private static void set(Linker linker, String name, String value) throws Throwable {
        MethodHandle setenv = linker.downcallHandle(
                linker.defaultLookup().find("setenv").orElseThrow(),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            int failed = (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
            assert failed == 0 : name;
        }
    }
}
