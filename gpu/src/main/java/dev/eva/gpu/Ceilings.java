package dev.eva.gpu;

import com.aparapi.Range;
import dev.eva.gpu.kernels.Ceiling;
import dev.eva.tensor.kernel.DevicePeak;

/** Measures what a device can do at most: one launch that is long beside its overhead, arguments already there. */
final class Ceilings implements DevicePeak {
    private static final int TURNS = 100_000;
    /** Times that a GPU reads the array in a launch, all its items together; a CPU's item has its piece in a cache. */
    private static final int READS = 8;
    /** 128 MiB: more than a cache of last level holds. */
    private static final int FLOATS = 32 << 20;

    private static final int GROUP = 256;
    private static final int GROUPS_A_UNIT = 8;
    private static final int ITEMS_A_CORE = 16;

    private final DeviceSession session;
    private final boolean wide;
    private final int items;
    private final Ceiling kernel = new Ceiling();

    Ceilings(DeviceSession session) {
        this.session = session;
        this.wide = session.isCpu();
        this.items = session.device().computeUnits() * (wide ? ITEMS_A_CORE : GROUP * GROUPS_A_UNIT);
        kernel.wide = wide ? 1 : 0;
        kernel.factor = 0.5f;
        kernel.out = new float[items];
    }

    @Override
    public synchronized double flopRate() {
        kernel.reads = 0;
        kernel.turns = TURNS;
        return 2.0 * items * chains() * TURNS / seconds();
    }

    @Override
    public synchronized double byteRate() {
        kernel.each = FLOATS / items / chains() * chains();
        if (kernel.x.length == 1) {
            kernel.x = new float[items * kernel.each];
            kernel.reads = 1;
            kernel.turns = 1;
            seconds();
        }
        kernel.reads = 1;
        kernel.turns = wide ? 1 : READS;
        return 4.0 * kernel.x.length * kernel.turns / seconds();
    }

    private int chains() {
        return wide ? Ceiling.MANY : Ceiling.FEW;
    }

    private double seconds() {
        int group = wide ? 1 : GROUP;
        Range range = session.range(items, 1, group, 1);
        long start = System.nanoTime();
        session.run(kernel, range, 1);
        return (System.nanoTime() - start) * 1e-9;
    }
}
