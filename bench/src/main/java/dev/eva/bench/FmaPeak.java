package dev.eva.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The ceiling of every product: fused multiply-adds in registers alone, on one thread. */
final class FmaPeak {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int CHAINS = 12;
    private static final int TURNS = 100_000;
    private static final int ROUNDS = 40;

    private FmaPeak() {}

    /** The fastest of many short rounds, in GFLOP/s. */
    static double gflops() {
        float[] out = new float[S.length()];
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            chains(TURNS, 0.5f, out);
            double flops = 2.0 * S.length() * CHAINS * TURNS;
            best = Math.max(best, flops / (System.nanoTime() - start));
        }
        return best;
    }

    /** As many sums as the latency of an addition times two units a cycle ask for. */
    private static void chains(int turns, float factor, float[] out) {
        FloatVector x = FloatVector.broadcast(S, factor);
        FloatVector a0 = x, a1 = x, a2 = x, a3 = x, a4 = x, a5 = x, a6 = x, a7 = x, a8 = x, a9 = x, a10 = x, a11 = x;
        for (int i = 0; i < turns; i++) {
            a0 = a0.fma(x, x);
            a1 = a1.fma(x, x);
            a2 = a2.fma(x, x);
            a3 = a3.fma(x, x);
            a4 = a4.fma(x, x);
            a5 = a5.fma(x, x);
            a6 = a6.fma(x, x);
            a7 = a7.fma(x, x);
            a8 = a8.fma(x, x);
            a9 = a9.fma(x, x);
            a10 = a10.fma(x, x);
            a11 = a11.fma(x, x);
        }
        a0.add(a1).add(a2).add(a3).add(a4).add(a5).intoArray(out, 0);
        a6.add(a7)
                .add(a8)
                .add(a9)
                .add(a10)
                .add(a11)
                .add(FloatVector.fromArray(S, out, 0))
                .intoArray(out, 0);
    }
}
