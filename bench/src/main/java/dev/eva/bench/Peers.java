package dev.eva.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the scripts of peers in other languages left in a folder, if there is one: {@code train_step.json} by PyTorch,
 * {@code llama_bench.jsonl} by llama.cpp, {@code fp8.json} by PyTorch.
 *
 * @param folder or null
 */
record Peers(Path folder) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Tokens a second of the best model and mode that was tried. */
    OptionalDouble training(String config, String size) {
        String key = config.replace("-bench", "") + " " + size + " ";
        return read("train_step.json")
                .propertyStream()
                .filter(e -> e.getKey().startsWith(key))
                .mapToDouble(
                        e -> e.getValue().path("tokens_per_s").path("median").asDouble())
                .max();
    }

    /** G elements a second. */
    OptionalDouble conversion(String what, int threads) {
        return read("fp8.json")
                .path(threads + "t")
                .propertyStream()
                .filter(e -> e.getKey().startsWith(what))
                .mapToDouble(
                        e -> e.getValue().path("Gelem_per_s").path("median").asDouble())
                .max();
    }

    /** Tokens a second of a test of llama-bench, {@code pp512} or {@code tg64}, with the better setting. */
    OptionalDouble inference(String type, String test, int threads) {
        if (folder == null || !Files.exists(folder.resolve("llama_bench.jsonl"))) {
            return OptionalDouble.empty();
        }
        try (Stream<String> lines = Files.lines(folder.resolve("llama_bench.jsonl"))) {
            return lines.map(JSON::readTree)
                    .filter(l -> l.path("model_filename").asString().endsWith("lite-" + type + ".gguf"))
                    .filter(l -> l.path("n_threads").asInt() == threads)
                    .filter(l -> test.equals(
                            l.path("n_prompt").asInt() > 0
                                    ? "pp" + l.path("n_prompt").asInt()
                                    : "tg" + l.path("n_gen").asInt()))
                    .mapToDouble(l -> {
                        double[] rates = l.path("samples_ts")
                                .valueStream()
                                .mapToDouble(JsonNode::asDouble)
                                .sorted()
                                .toArray();
                        return rates[rates.length / 2];
                    })
                    .max();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private JsonNode read(String name) {
        return folder == null || !Files.exists(folder.resolve(name))
                ? JSON.createObjectNode()
                : JSON.readTree(folder.resolve(name));
    }
}
