package dev.eva.model.train;

import dev.eva.tensor.Parallel;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A core for the JVM's compilers in the first steps of a process. Kernels are interpreted until they are compiled, and
 * some hundred times slower then; threads that go through them on every core keep the compilers from the very work that
 * would end it. Where cores are few, one thread less comes through those steps sooner and takes less time of all cores.
 * The number of threads does not show in a bit.
 */
final class RoomToCompile implements AutoCloseable {
    /** After so many steps most of the kernels are compiled. */
    private static final int STEPS = 4;

    private static final AtomicBoolean WARM = new AtomicBoolean();

    private final int threads = Parallel.threads();
    private int left;

    private RoomToCompile(int steps, int cores) {
        left = steps;
        if (steps > 0) {
            Parallel.setThreads(Math.min(threads, Math.max(1, cores - 1)));
        }
    }

    /** Begins; a later run of the same process finds its kernels compiled and goes at full speed. */
    static RoomToCompile begin() {
        return begin(WARM.getAndSet(true), Runtime.getRuntime().availableProcessors());
    }

    /** @param warm whether the process has trained before */
    static RoomToCompile begin(boolean warm, int cores) {
        return new RoomToCompile(warm ? 0 : STEPS, cores);
    }

    /** A step is done. */
    void stepped() {
        if (left > 0 && --left == 0) {
            Parallel.setThreads(threads);
        }
    }

    /** Gives the threads back where the run has ended before. */
    @Override
    public void close() {
        if (left > 0) {
            left = 0;
            Parallel.setThreads(threads);
        }
    }
}
