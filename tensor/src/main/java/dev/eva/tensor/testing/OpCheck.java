package dev.eva.tensor.testing;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Op;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What every {@link OpCase} must pass, and the search for ops that have none. */
public final class OpCheck {
    private OpCheck() {}

    /**
     * Forward pass against the oracle, gradients against finite differences, and the same bits with 1, 2 and 3 threads.
     */
    public static void check(OpCase c) {
        forward(c);
        GradCheck.check(c);
        sameBitsForAnyThreads(c);
    }

    private static void forward(OpCase c) {
        if (c.oracle().isEmpty()) {
            return;
        }
        Tensor[] in = c.inputs();
        Tensor y = c.forward().apply(in);
        double[][] x = Stream.of(in).map(OpCase::doubles).toArray(double[][]::new);
        TensorAssert.assertClose(c.name() + ": output", y, c.oracle().get().apply(x), c.tolerance(), c.tolerance());
    }

    private static void sameBitsForAnyThreads(OpCase c) {
        int before = Parallel.threads();
        try {
            Parallel.setThreads(1);
            float[][] expected = outputAndGradients(c);
            for (int threads = 2; threads <= 3; threads++) {
                Parallel.setThreads(threads);
                float[][] actual = outputAndGradients(c);
                for (int i = 0; i < expected.length; i++) {
                    String what = i == 0 ? "output" : "gradient of input " + (i - 1);
                    TensorAssert.assertSameBits(
                            c.name() + ": " + what + " with " + threads + " threads", actual[i], expected[i]);
                }
            }
        } finally {
            Parallel.setThreads(before);
        }
    }

    private static float[][] outputAndGradients(OpCase c) {
        Tensor[] in = c.inputs();
        float[] output = c.forward().apply(in).toArray();
        float[][] grads = GradCheck.gradients(c, in, GradCheck.weights(c, in));
        return Stream.concat(Stream.of(output), Stream.of(grads)).toArray(float[][]::new);
    }

    /**
     * Names of the {@link Op} classes in the module of {@code anchor} that no case proves.
     *
     * @param anchor any class of the module, from its main sources
     */
    public static Collection<String> withoutCase(Class<?> anchor, List<OpCase> cases) {
        TreeSet<String> names = new TreeSet<>(opsOf(anchor));
        cases.forEach(c -> names.remove(c.op().getName()));
        return names;
    }

    private static List<String> opsOf(Class<?> anchor) {
        try {
            Path root = Path.of(
                    anchor.getProtectionDomain().getCodeSource().getLocation().toURI());
            if (!Files.isDirectory(root)) {
                throw new IllegalArgumentException(
                        "ops: " + root + " is no folder of classes; need a module being built");
            }
            try (Stream<Path> files = Files.walk(root)) {
                return files.map(f -> root.relativize(f).toString())
                        .filter(f -> f.endsWith(".class") && !f.endsWith("-info.class"))
                        .map(f -> f.substring(0, f.length() - ".class".length()).replace(File.separatorChar, '.'))
                        .filter(f -> isOp(f, anchor.getClassLoader()))
                        .collect(Collectors.toList());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static boolean isOp(String name, ClassLoader loader) {
        try {
            Class<?> c = Class.forName(name, false, loader);
            return Op.class.isAssignableFrom(c) && !c.isInterface();
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }
}
