package dev.eva.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ContainerNode;
import tools.jackson.databind.node.ObjectNode;

/** Breaks files in small ways, for tests of what reads them. */
public final class Mutations {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String[] STRANGE = {
        "null",
        "true",
        "-1",
        "0",
        "1e99",
        "9223372036854775807",
        "4294967296",
        "\"\"",
        "\"a\"",
        "\"\\ud800\"",
        "[]",
        "{}",
        "[[]]",
        "[\"a\",1]",
        "\"ByteLevel\"",
        "\"Sequence\"",
        "\"WordLevel\"",
        "\"Unigram\"",
        "\"WordPiece\"",
        "\"Precompiled\"",
        "\"(a+)+$\"",
        "{\"Regex\":\"(\"}",
        "{\"String\":\"\"}",
        "{\"Fixed\":4000000000}",
        "0.5",
        "3",
        "1000",
        "2147483647",
        "\"..\"",
        "\"a\\u0000b\\n\"",
        "\"F8_E5M2\"",
        "[0,1099511627776]",
        "[4,4]"
    };

    private Mutations() {}

    /** Some bytes replaced, cut off or copied elsewhere. */
    public static byte[] bytes(byte[] of, SplittableRandom random) {
        byte[] content = of.clone();
        for (int k = 1 + random.nextInt(3); k > 0; k--) {
            int at = random.nextInt(content.length);
            switch (random.nextInt(4)) {
                case 0 -> content[at] = (byte) random.nextInt(256);
                case 1 -> content[at] = (byte) "{}[]\",:0-9ent\\".charAt(random.nextInt(14));
                case 2 -> content = Arrays.copyOf(content, Math.max(1, at));
                default -> {
                    int to = random.nextInt(content.length);
                    int length = Math.min(random.nextInt(40), content.length - Math.max(at, to));
                    System.arraycopy(content, at, content, to, length);
                }
            }
        }
        return content;
    }

    /** One or two values replaced, removed or doubled. */
    public static void nodes(JsonNode root, SplittableRandom random) {
        for (int k = 1 + random.nextInt(2); k > 0; k--) {
            node(root, random);
        }
    }

    /** Goes down from the root at random and replaces, removes or doubles what it comes to. */
    private static void node(JsonNode root, SplittableRandom random) {
        JsonNode node = root;
        while (true) {
            if (!(node instanceof ContainerNode<?> c) || c.isEmpty()) {
                return;
            }
            int at = random.nextInt(c.size());
            List<String> names = new ArrayList<>(c.propertyNames());
            JsonNode child = c instanceof ArrayNode a ? a.get(at) : c.get(names.get(at));
            if (child instanceof ContainerNode<?> inner && !inner.isEmpty() && random.nextInt(4) > 0) {
                node = child;
                continue;
            }
            JsonNode other = JSON.readTree(STRANGE[random.nextInt(STRANGE.length)]);
            int choice = random.nextInt(4);
            if (c instanceof ArrayNode a) {
                if (choice == 0) {
                    a.remove(at);
                } else if (choice == 1) {
                    a.insert(random.nextInt(a.size() + 1), child.deepCopy());
                } else {
                    a.set(at, other);
                }
            } else if (c instanceof ObjectNode o) {
                if (choice == 0) {
                    o.remove(names.get(at));
                } else if (choice == 1) {
                    o.set(names.get(random.nextInt(names.size())), child.deepCopy());
                } else {
                    o.set(names.get(at), other);
                }
            }
            return;
        }
    }
}
