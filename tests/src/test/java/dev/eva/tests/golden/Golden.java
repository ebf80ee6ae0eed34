package dev.eva.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The reference data under {@code golden}, and how numbers are compared with it. */
final class Golden {
    private Golden() {}

    /** A folder or file of the reference data. */
    static Path path(String name) {
        try {
            return Path.of(Golden.class.getResource("/golden/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Unpacks a {@code .safetensors.gz} into a temporary file and opens it. */
    static SafetensorsFile open(String name) {
        try {
            Path file = Files.createTempFile("golden", ".safetensors");
            file.toFile().deleteOnExit();
            try (InputStream in = new GZIPInputStream(Files.newInputStream(path(name)))) {
                Files.write(file, in.readAllBytes());
            }
            return SafetensorsFile.open(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode json(String name) {
        return JsonMapper.shared().readTree(path(name));
    }

    /** A gradient, stored as whole numbers times a step that stands in the file's metadata. */
    static float[] gradient(SafetensorsFile file, String name) {
        double step = Double.parseDouble(file.metadata().get(name));
        int[] q = file.ints(name).array();
        float[] g = new float[q.length];
        for (int i = 0; i < g.length; i++) {
            g[i] = (float) (q[i] * step);
        }
        return g;
    }

    static float maxAbs(float[] x) {
        float max = 0;
        for (float v : x) {
            max = Math.max(max, Math.abs(v));
        }
        return max;
    }

    /** Fails where some value is further away than {@code tolerance}, naming the worst one. */
    static void assertClose(String what, Tensor actual, float[] expected, double tolerance) {
        assertClose(what, actual.toArray(), expected, tolerance);
    }

    /** As {@link #assertClose(String, Tensor, float[], double)}. */
    static void assertClose(String what, float[] actual, float[] expected, double tolerance) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        int worst = 0;
        double most = 0;
        for (int i = 0; i < expected.length; i++) {
            double d = Math.abs((double) actual[i] - expected[i]);
            if (!(d <= most)) {
                most = d;
                worst = i;
            }
        }
        assertThat(most)
                .as("%s: largest difference, at %d: %s, expected %s", what, worst, actual[worst], expected[worst])
                .isLessThanOrEqualTo(tolerance);
    }

    /**
     * As {@link #assertClose(String, float[], float[], double)}, the tolerance a part of the largest expected value.
     */
    static void assertCloseToMax(String what, float[] actual, float[] expected, double part) {
        assertClose(what, actual, expected, part * maxAbs(expected));
    }
}
