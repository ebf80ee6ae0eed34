package dev.eva.bench;

import dev.eva.tensor.Parallel;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Single-precision products, Eva (weight prepared once) beside OpenBLAS; the counter {@code flop} is operations a
 * second.
 *
 * <p>For example {@code java -jar bench/target/benchmarks.jar Sgemm -p shape=768x128x128_nt -p threads=2 -prof gc}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx2g"})
public class SgemmBenchmark {
    @Param({"eva", "openblas"})
    String provider;

    @Param({
        "64x64x64",
        "128x128x128",
        "256x256x256",
        "384x384x384",
        "512x512x512",
        "768x768x768",
        "1024x1024x1024",
        "1536x1536x1536",
        "2048x2048x2048",
        "768x128x128_nt",
        "768x384x384_nt",
        "2048x1024x384_nt",
        "2048x384x1024_nt",
        "2048x4096x384_nt",
        "256x7168x512_nt",
        "128x2048x7168_nt",
        "1x4096x4096_nt",
        "4x4096x4096_nt",
        "16x4096x4096_nt"
    })
    String shape;

    @Param({"1", "2"})
    int threads;

    private OpenBlas.Product peer;
    private Runnable product;
    private long flops;

    /** Operations of the products done. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Work {
        public long flop;
    }

    @Setup(Level.Trial)
    public void setUp() {
        Shape sizes = Shape.parse(shape);
        flops = (long) sizes.flops();
        Parallel.setThreads(threads);
        OpenBlas.setThreads(threads);
        EvaProduct eva = new EvaProduct(sizes);
        peer = new OpenBlas.Product(sizes, eva.a, eva.b);
        eva.multiply();
        peer.run();
        eva.verify(peer.result());
        product = switch (provider) {
            case "eva" -> eva::multiply;
            case "openblas" -> peer::run;
            default -> throw new IllegalArgumentException("provider: " + provider + "; need eva or openblas");
        };
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        peer.close();
    }

    @Benchmark
    public void multiply(Work work) {
        product.run();
        work.flop += flops;
    }
}
