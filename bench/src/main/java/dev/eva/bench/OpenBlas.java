package dev.eva.bench;

import dev.eva.measure.cases.GemmCase;
import dev.eva.measure.cases.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;

/** The peer: OpenBLAS's sgemm on memory outside of the heap, so that a call costs nothing but the call. */
final class OpenBlas {
    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANSPOSE = 111;
    private static final int TRANSPOSE = 112;
    private static final SymbolLookup LIBRARY = library();
    private static final MethodHandle SET_THREADS = Linker.nativeLinker()
            .downcallHandle(
                    LIBRARY.findOrThrow("openblas_set_num_threads"), FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));

    private OpenBlas() {}

    private static SymbolLookup library() {
        Loader.load(openblas_nolapack.class);
        String path = Loader.getLoadedLibraries().values().stream()
                .filter(p -> Path.of(p).getFileName().toString().startsWith("libopenblas"))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("openblas: not among " + Loader.getLoadedLibraries()));
        return SymbolLookup.libraryLookup(Path.of(path), Arena.global());
    }

    /**
     * Version, kernels (the processor they are for) and options, as the library says, and what the environment made it
     * take.
     */
    static String description() {
        MethodHandle config = Linker.nativeLinker()
                .downcallHandle(LIBRARY.findOrThrow("openblas_get_config"), FunctionDescriptor.of(ValueLayout.ADDRESS));
        try {
            String said = ((MemorySegment) config.invokeExact())
                    .reinterpret(512)
                    .getString(0)
                    .strip();
            Map<String, String> forced = new TreeMap<>(System.getenv());
            forced.keySet().removeIf(name -> !name.startsWith("OPENBLAS_"));
            return forced.isEmpty() ? said : said + ", forced by the environment: " + forced;
        } catch (Throwable t) {
            throw new IllegalStateException("openblas_get_config", t);
        }
    }

    static void setThreads(int threads) {
        try {
            SET_THREADS.invokeExact(threads);
        } catch (Throwable t) {
            throw new IllegalStateException("openblas_set_num_threads", t);
        }
    }

    /** A product {@code C = A B}, or {@code A B^T} with B stored (n, k), with operands copied once. */
    static final class Product implements AutoCloseable {
        private final Shape shape;
        private final FloatPointer a;
        private final FloatPointer b;
        private final FloatPointer c;

        Product(GemmCase of) {
            this.shape = of.shape();
            this.a = new FloatPointer(of.a());
            this.b = new FloatPointer(of.b());
            this.c = new FloatPointer((long) shape.m() * shape.n());
        }

        void run() {
            openblas_nolapack.cblas_sgemm(
                    ROW_MAJOR,
                    NO_TRANSPOSE,
                    shape.transposed() ? TRANSPOSE : NO_TRANSPOSE,
                    shape.m(),
                    shape.n(),
                    shape.k(),
                    1f,
                    a,
                    shape.k(),
                    b,
                    shape.transposed() ? shape.k() : shape.n(),
                    0f,
                    c,
                    shape.n());
        }

        float[] result() {
            float[] out = new float[shape.m() * shape.n()];
            c.get(out);
            return out;
        }

        @Override
        public void close() {
            a.close();
            b.close();
            c.close();
        }
    }
}
