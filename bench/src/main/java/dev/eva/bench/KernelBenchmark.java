package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Way;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the benchmarks of all kernel families share: a provider in a fork of its own, compared with the scalar reference
 * before anything is timed; a provider that is wrong, or cannot work here, is an error. The counters {@code flop} and
 * {@code bytes} are operations, and least traffic of memory, a second.
 *
 * <p>For example {@code java -jar bench/target/benchmarks.jar Softmax -p provider=vector -p threads=1 -prof gc}; on an
 * OpenCL device {@code java -Deva.opencl.device=0 -jar bench/target/benchmarks.jar Gemm -p provider=vector,opencl}:
 * system properties are handed to the forks.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx3g"
        })
public abstract class KernelBenchmark {
    /** Whose kernels: a name that {@code -Deva.kernels} takes. */
    @Param({"reference", "vector"})
    String provider;

    /** Threads that share a loop. */
    @Param({"1", "2"})
    int threads;

    private Running running;
    private Case measured;

    /** Work done. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Work {
        public double flop;
        public double bytes;
    }

    /** What is measured, of the parameters of the class. */
    abstract Case measured();

    /** Kernels that are none of Eva's, or null for those of {@link #provider}. */
    Running peer(Case of) {
        return null;
    }

    /** Makes ready, runs once, and compares. */
    @Setup(Level.Trial)
    public void setUp() {
        Parallel.setThreads(threads);
        measured = measured();
        Way way = Way.named(provider);
        running = peer(measured);
        if (running == null) {
            running = measured.on(way)
                    .orElseThrow(() -> new IllegalStateException("provider " + provider + " has no kernels for "
                            + measured.what() + " " + measured.name() + "; need -p provider=" + havingKernels()));
        }
        running.run().run();
        measured.verify(way, running.result().get());
    }

    private String havingKernels() {
        return Kernels.names().stream()
                .filter(n -> Kernels.unavailable(n).isEmpty())
                .filter(n -> measured.on(Way.named(n)).isPresent())
                .collect(Collectors.joining(","));
    }

    /** One run. */
    @Benchmark
    public void run(Work work) {
        running.run().run();
        work.flop += measured.flops();
        work.bytes += measured.bytes();
    }
}
