package dev.eva.model.train;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a run writes down while it goes: metrics.jsonl, TensorBoard events, the picture. */
final class RunRecord implements AutoCloseable {
    /** Drawing takes a fraction of a second: not more often than this. */
    private static final long PAUSE_NANOS = 15_000_000_000L;

    private final RunFolder folder;
    private final RunSettings settings;
    private final TrainListener listener;
    private final MetricsLog log;
    private final EventFile events;
    private boolean drawable = true;
    private long drawn = System.nanoTime();

    private RunRecord(
            RunFolder folder, RunSettings settings, TrainListener listener, MetricsLog log, EventFile events) {
        this.folder = folder;
        this.settings = settings;
        this.listener = listener;
        this.log = log;
        this.events = events;
    }

    /** Goes on after {@code step}; whatever earlier processes wrote of later steps no longer counts. */
    static RunRecord open(RunFolder folder, RunSettings settings, long step, TrainListener listener)
            throws IOException {
        MetricsLog log = MetricsLog.open(folder.metrics(), step);
        try {
            return new RunRecord(
                    folder, settings, listener, log, EventFile.create(folder.tensorboard(), now(), step + 1));
        } catch (IOException e) {
            log.close();
            throw e;
        }
    }

    void add(StepMetrics m) throws IOException {
        log.add(m);
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss/train", m.loss());
        m.mtpLoss().ifPresent(v -> values.put("loss/mtp", v));
        m.valLoss().ifPresent(v -> values.put("loss/validation", v));
        values.put("lr", m.lr());
        values.put("grad_norm", m.gradNorm());
        values.put("tokens_per_s", m.tokensPerS());
        values.put("max_vio", m.maxVio());
        for (RoundingMetrics r : m.fp8()) {
            values.put("fp8_overflow/" + r.part() + "." + r.kind(), r.overflow());
            values.put("fp8_underflow/" + r.part() + "." + r.kind(), r.underflow());
        }
        events.add(now(), m.step(), values);
    }

    /**
     * Draws the picture; a machine without fonts does without, and says so once.
     *
     * @param now false to leave it where it was drawn a moment ago
     */
    void picture(boolean now) throws IOException {
        if (!drawable || !now && System.nanoTime() - drawn < PAUSE_NANOS) {
            return;
        }
        try {
            RunPicture.write(MetricsLog.read(folder.metrics()), settings.name(), folder.picture());
            drawn = System.nanoTime();
        } catch (RuntimeException | LinkageError | InternalError e) {
            drawable = false;
            listener.notice(
                    "no picture: " + e + "; a system font (Debian: fontconfig, fonts-dejavu-core) may be missing");
        }
    }

    private static double now() {
        return System.currentTimeMillis() * 1e-3;
    }

    @Override
    public void close() throws IOException {
        try (events) {
            log.close();
        }
    }
}
