package dev.eva.cli;

import dev.eva.measure.model.ModelWorker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** The process that {@code eva bench} starts for each choice of kernels; talks over its standard streams. */
final class BenchWorker {
    private BenchWorker() {}

    public static void main(String[] args) throws IOException {
        ModelWorker.serve(
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)),
                new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                args);
    }
}
