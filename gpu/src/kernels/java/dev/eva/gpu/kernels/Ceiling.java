package dev.eva.gpu.kernels;

import com.aparapi.Kernel;

/**
 * What a device can do at most: multiply-adds in registers, and reading an array. A CPU's item has as many chains as
 * its vector units need and reads a piece of its own; a GPU's has few, for its groups hide each other's latency, and
 * neighbours read neighbours.
 */
public final class Ceiling extends Kernel {
    /** Independent chains of a CPU's work item. */
    public static final int MANY = 64;
    /** Those of others. */
    public static final int FEW = 16;

    /** 1 for a CPU. */
    public int wide;
    /** 1 to read {@link #x}, 0 for multiply-adds. */
    public int reads;

    public int turns;
    public float factor;
    public float[] x = new float[1];
    /** Elements that an item reads in a turn. */
    public int each;
    /** A value an item, so that nothing can be left out. */
    public float[] out = new float[1];

    @PrivateMemorySpace(MANY)
    private float[] many = new float[MANY];

    @PrivateMemorySpace(FEW)
    private float[] few = new float[FEW];

    @Override
    public void run() {
        int i = getGlobalId(0);
        if (wide == 1) {
            out[i] = wide(i);
        } else {
            out[i] = narrow(i, getGlobalSize(0));
        }
    }

    private float wide(int i) {
        for (int q = 0; q < MANY; q++) {
            many[q] = factor + i + q;
        }
        for (int t = 0; t < turns; t++) {
            if (reads == 1) {
                for (int p = 0; p < each; p += MANY) {
                    for (int q = 0; q < MANY; q++) {
                        many[q] += x[i * each + p + q];
                    }
                }
            } else {
                for (int q = 0; q < MANY; q++) {
                    many[q] = many[q] * factor + factor;
                }
            }
        }
        float sum = 0f;
        for (int q = 0; q < MANY; q++) {
            sum += many[q];
        }
        return sum;
    }

    private float narrow(int i, int items) {
        for (int q = 0; q < FEW; q++) {
            few[q] = factor + i + q;
        }
        for (int t = 0; t < turns; t++) {
            if (reads == 1) {
                for (int p = 0; p < each; p += FEW) {
                    for (int q = 0; q < FEW; q++) {
                        few[q] += x[(p + q) * items + i];
                    }
                }
            } else {
                for (int q = 0; q < FEW; q++) {
                    few[q] = few[q] * factor + factor;
                }
            }
        }
        float sum = 0f;
        for (int q = 0; q < FEW; q++) {
            sum += few[q];
        }
        return sum;
    }
}
