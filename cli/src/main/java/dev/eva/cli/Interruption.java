package dev.eva.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ctrl-C, for a command that ends in order: it is asked to, and the process waits until it has. */
final class Interruption implements AutoCloseable {
    /** Exit code of a command that Ctrl-C has ended: 128 and the signal's number. */
    static final int CODE = 130;

    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread hook;
    private volatile boolean asked;

    /**
     * From here to {@link #close}.
     *
     * @param stop asks the command to end, from another thread
     * @param patience seconds after which the process ends all the same
     */
    Interruption(Runnable stop, long patience) {
        hook = new Thread(() -> {
            asked = true;
            stop.run();
            try {
                ended.await(patience, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Whether it has come. */
    boolean asked() {
        return asked;
    }

    @Override
    public void close() {
        ended.countDown();
        if (hook.getState() == Thread.State.NEW) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The process ends already: the hook finds the latch open.
                assert e.getMessage().contains("hutdown") : e;
            }
        }
    }
}
