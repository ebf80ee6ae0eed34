package dev.eva.model.text;

import java.nio.file.Path;
import tools.jackson.databind.JsonNode;

/** Mistakes in a {@code tokenizer.json} at which the native library would end the process instead of saying so. */
final class HfSafety {
    private HfSafety() {}

    /**
     * Checks a file that is about to be handed to the library.
     *
     * @throws TextException at the first such mistake
     */
    static void check(Path file, JsonNode root) {
        normalizer(file, root.path("normalizer"));
        JsonNode model = root.path("model");
        String prefix = model.path("continuing_subword_prefix").asString("");
        if (!prefix.isEmpty()) {
            for (JsonNode merge : model.path("merges")) {
                String right = merge.isArray() ? merge.path(1).asString("") : second(merge.asString(""));
                if (!right.startsWith(prefix)) {
                    throw refused(file, "continuing_subword_prefix", prefix + ", which the merge " + merge + " lacks");
                }
            }
        }
    }

    private static void normalizer(Path file, JsonNode normalizer) {
        normalizer.path("normalizers").forEach(n -> normalizer(file, n));
        if (normalizer.path("type").asString("").equals("Precompiled")
                && !PrecompiledMap.isSound(
                        normalizer.path("precompiled_charsmap").asString(""))) {
            throw refused(file, "precompiled_charsmap", "not a table of characters");
        }
    }

    private static String second(String merge) {
        return merge.substring(merge.indexOf(' ') + 1);
    }

    private static TextException refused(Path file, String name, String what) {
        return new TextException(
                "tokenizer: " + file + ": " + name + ": " + what.substring(0, Math.min(200, what.length())));
    }
}
