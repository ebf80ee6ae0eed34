package dev.eva.tensor;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * The threads that share a loop. {@code run(n, task)} calls {@code task.accept(0 .. n-1)}, each index once, in any
 * order and
 * on any thread, and returns when all are done.
 *
 * <p>Results must not depend on the number of threads: give every task its own part of the output, and cut the work by
 * sizes alone, never by {@link #threads()}. A sum over tasks goes through one partial result a task, added in the order
 * of the index.
 *
 * <p>A loop started inside a task runs on that task's thread. Workers spin for a moment before they sleep, because a
 * training
 * step is hundreds of short loops; the number of threads is {@code -Deva.threads}, by default one a core.
 */
public final class Parallel {
    /** A part {@code [from, to)} of a range. */
    @FunctionalInterface
    public interface RangeTask {
        void accept(int from, int to);
    }

    /** Turns of {@link Thread#onSpinWait()} before a waiting thread sleeps: some tens of microseconds. */
    private static final int SPINS = 20_000;

    /** Elements a task: some 10 microseconds of a memory-bound loop, well above the cost of handing out a task. */
    private static final int GRAIN = 32 * 1024;

    /** Floats of a cache line of 64 bytes: tasks that write columns share no line of an aligned row. */
    private static final int LINE = 16;

    private static final ThreadLocal<Boolean> INSIDE = ThreadLocal.withInitial(() -> false);
    private static volatile Pool pool;

    private Parallel() {}

    /** Number of threads that share a loop, the calling one included. */
    public static int threads() {
        return pool().threads;
    }

    /** Whether a loop started here would run on this thread alone: in a task, or where there is no other. */
    public static boolean isAlone() {
        return INSIDE.get() || threads() == 1;
    }

    /** Changes the number of threads; not to be called while a loop runs. */
    public static synchronized void setThreads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: " + threads + "; need at least 1");
        }
        if (pool != null) {
            if (pool.threads == threads) {
                return;
            }
            pool.stop();
        }
        pool = new Pool(threads);
    }

    /**
     * Calls {@code task} once for each of {@code 0 .. tasks-1}. The first exception of a task is thrown here when all
     * have ended.
     */
    public static void run(int tasks, IntConsumer task) {
        if (tasks <= 0) {
            return;
        }
        Pool p = pool();
        if (tasks == 1 || p.threads == 1 || INSIDE.get()) {
            for (int i = 0; i < tasks; i++) {
                task.accept(i);
            }
            return;
        }
        p.run(tasks, task);
    }

    /** Cuts {@code [0, n)} in parts of {@code grain} (the last may be shorter) and hands each to {@code task}. */
    public static void range(int n, int grain, RangeTask task) {
        if (n <= grain) {
            if (n > 0) {
                task.accept(0, n);
            }
            return;
        }
        run((n + grain - 1) / grain, i -> task.accept(i * grain, Math.min(n, (i + 1) * grain)));
    }

    /** Cuts {@code [0, n)} elements of a map in tasks that are worth handing out; small arrays stay on this thread. */
    public static void elements(int n, RangeTask task) {
        range(n, GRAIN, task);
    }

    /** Cuts {@code [0, rows)} rows of {@code width} elements in tasks that are worth handing out. */
    public static void rows(int rows, int width, RangeTask task) {
        range(rows, Math.max(1, GRAIN / Math.max(1, width)), task);
    }

    /**
     * Whether {@link #rows} would make one task of these, and {@link #elements} of rows of one. Who asks first needs no
     * object for a task that is only to be called: a decoded token has hundreds of them.
     */
    public static boolean isOneTask(int rows, int width) {
        return rows <= Math.max(1, GRAIN / Math.max(1, width));
    }

    /**
     * Cuts {@code [0, columns)} columns of {@code rows} elements: each task walks all rows in order, so sums over rows
     * have one order.
     */
    public static void columns(int rows, int columns, RangeTask task) {
        range(columns, Math.max(4 * LINE, GRAIN / Math.max(1, rows) / LINE * LINE), task);
    }

    private static Pool pool() {
        Pool p = pool;
        if (p == null) {
            synchronized (Parallel.class) {
                if (pool == null) {
                    pool = new Pool(Integer.getInteger(
                            "eva.threads", Runtime.getRuntime().availableProcessors()));
                }
                p = pool;
            }
        }
        return p;
    }

    /**
     * The loops of a pool, one after the other: a loop allocates nothing. How many tasks there are and which is next is
     * one number, so that a late worker, which finds the loop that it came for over, takes none or one of the next
     * loop's, and the right one: that loop cannot end without it.
     */
    private static final class Loop {
        /** Longs between two numbers: two cache lines, which are fetched as a pair. */
        private static final int APART = 16;
        /** Number of tasks in the high half, the next one in the low half. */
        private static final int STATE = APART;
        /** Tasks that are not done. */
        private static final int LEFT = 2 * APART;
        /** Loops begun. */
        private static final int BEGUN = 3 * APART;

        /** Each number where no other thread writes beside it: threads at work change two, those that wait read one. */
        private final AtomicLongArray numbers = new AtomicLongArray(4 * APART);
        /** Written before, and read after, the state of its loop. */
        IntConsumer task;

        volatile Throwable failure;

        void begin(int tasks, IntConsumer run) {
            if (failure != null) {
                failure = null;
            }
            task = run;
            numbers.setRelease(LEFT, tasks);
            numbers.setRelease(STATE, (long) tasks << 32);
            numbers.set(BEGUN, numbers.getPlain(BEGUN) + 1);
        }

        long begun() {
            return numbers.get(BEGUN);
        }

        boolean isOver() {
            return numbers.get(LEFT) == 0;
        }

        /** Takes tasks until there are no more; those it did are taken off what is left at once, at the end. */
        void work() {
            int done = 0;
            for (long s = next(); (int) s < s >>> 32; s = next()) {
                done++;
                try {
                    if (failure == null) {
                        task.accept((int) s);
                    }
                } catch (Throwable t) {
                    failure = t;
                }
            }
            if (done > 0) {
                numbers.getAndAdd(LEFT, -done);
            }
        }

        private long next() {
            return numbers.getAndIncrement(STATE);
        }
    }

    private static final class Pool {
        final int threads;
        private final Worker[] workers;
        private final Loop loop = new Loop();
        private volatile boolean stopped;

        Pool(int threads) {
            this.threads = threads;
            this.workers = new Worker[threads - 1];
            for (int i = 0; i < workers.length; i++) {
                workers[i] = new Worker(this, "eva-" + (i + 1));
                workers[i].setDaemon(true);
                workers[i].start();
            }
        }

        /**
         * One loop at a time: a second caller waits, so two models in one process share the cores instead of fighting
         * for them.
         */
        synchronized void run(int tasks, IntConsumer task) {
            loop.begin(tasks, task);
            for (Worker w : workers) {
                w.wake();
            }
            INSIDE.set(true);
            try {
                loop.work();
            } finally {
                INSIDE.set(false);
            }
            int spins = 0;
            while (!loop.isOver()) {
                if (++spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
            loop.task = null;
            if (loop.failure != null) {
                switch (loop.failure) {
                    case RuntimeException e -> throw e;
                    case Error e -> throw e;
                    case Throwable t -> throw new IllegalStateException(t);
                }
            }
        }

        void stop() {
            stopped = true;
            for (Worker w : workers) {
                w.wake();
            }
        }
    }

    private static final class Worker extends Thread {
        private final Pool pool;
        private volatile boolean asleep;

        Worker(Pool pool, String name) {
            super(name);
            this.pool = pool;
        }

        void wake() {
            if (asleep) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            INSIDE.set(true);
            Loop loop = pool.loop;
            long seen = 0;
            int spins = 0;
            while (!pool.stopped) {
                long begun = loop.begun();
                if (begun != seen) {
                    loop.work();
                    seen = begun;
                    spins = 0;
                } else if (++spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    asleep = true;
                    // Look again after announcing sleep: whoever posts a loop reads the flag after posting.
                    if (loop.begun() == seen && !pool.stopped) {
                        LockSupport.park(pool);
                    }
                    asleep = false;
                    spins = 0;
                }
            }
        }
    }
}
