package dev.eva.tensor.kernel;

/**
 * Work that a process may do with scalar loops while its kernels are not compiled. The interpreter makes an object of
 * every vector, so a kernel of vectors is some hundred times slower there than a plain loop, which is compiled within
 * milliseconds, too. A short-lived process that has a first token to show allows itself as much as that takes; nobody
 * else does. Kernels that ask have a scalar form with the same bits.
 */
public final class ColdStart {
    /** Read without a fence by all threads: work that is counted twice or not at all is as good. */
    private static long left;

    private ColdStart() {}

    /** Allows scalar loops for the next {@code work} multiply-adds or elements; 0 ends them. */
    public static void allow(long work) {
        left = work;
    }

    /** Whether some is left: what only makes later work quicker can wait. */
    public static boolean isOn() {
        return left > 0;
    }

    /** Whether {@code work} more is to be done by a scalar loop; it is then counted. */
    public static boolean takes(long work) {
        if (left <= 0) {
            return false;
        }
        left -= work;
        return true;
    }
}
