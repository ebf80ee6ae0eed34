package dev.eva.model.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Typed access to the keys of a JSON object. A value of the wrong type is an error that names the key and both types;
 * null counts
 * as absent.
 *
 * @param node the object
 * @param path its place in front of a key in messages: the file, and the keys that lead to the object
 */
public record JsonFields(JsonNode node, String path) {
    /** The object that a file holds. @throws CheckpointException if it cannot be read or is no JSON object */
    public static JsonFields read(Path file) {
        JsonNode root = tree(file);
        if (!root.isObject()) {
            throw new CheckpointException(file + ": need a JSON object");
        }
        return new JsonFields(root, file + ": ");
    }

    /** Whatever JSON a file holds. @throws CheckpointException if it cannot be read or is not JSON */
    public static JsonNode tree(Path file) {
        try {
            return JsonMapper.shared().readTree(Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file + ": no such file", e);
        } catch (JacksonException e) {
            String what = e.getOriginalMessage().lines().findFirst().orElse("");
            throw new CheckpointException(file + ": not JSON: " + what, e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** Whether there is a value that is not null. */
    public boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** A whole number. */
    public int integer(String key, int absent) {
        return has(key) ? integer(key) : absent;
    }

    int integer(String key) {
        JsonNode n = required(key);
        // 1e5 and 40.0 are whole numbers, too: some writers know only one kind of number.
        if (!n.isNumber() || n.doubleValue() != Math.rint(n.doubleValue())) {
            throw wrong(key, n, "a whole number");
        }
        if (Math.abs(n.doubleValue()) > Integer.MAX_VALUE) {
            throw new CheckpointException(
                    path + key + ": " + n + " is out of range; need at most " + Integer.MAX_VALUE);
        }
        return (int) n.doubleValue();
    }

    /** A number. */
    public double number(String key, double absent) {
        return optionalNumber(key).orElse(absent);
    }

    /** A number that must be there. */
    public double number(String key) {
        JsonNode n = required(key);
        if (!n.isNumber()) {
            throw wrong(key, n, "a number");
        }
        return n.doubleValue();
    }

    /** A number, if there is one. */
    public OptionalDouble optionalNumber(String key) {
        return has(key) ? OptionalDouble.of(number(key)) : OptionalDouble.empty();
    }

    /** True or false. */
    public boolean flag(String key, boolean absent) {
        if (!has(key)) {
            return absent;
        }
        JsonNode n = node.get(key);
        if (!n.isBoolean()) {
            throw wrong(key, n, "true or false");
        }
        return n.booleanValue();
    }

    /** A string, if there is one. */
    public Optional<String> text(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        JsonNode n = node.get(key);
        if (!n.isString()) {
            throw wrong(key, n, "a string");
        }
        return Optional.of(n.stringValue());
    }

    /** An object inside this one, if there is one. */
    public Optional<JsonFields> object(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        JsonNode n = node.get(key);
        if (!n.isObject()) {
            throw wrong(key, n, "an object");
        }
        return Optional.of(new JsonFields(n, path + key + "."));
    }

    /** A key that must have one value, because Eva computes nothing else. */
    void only(String key, String value) {
        if (has(key) && !text(node.get(key)).equals(value)) {
            throw new CheckpointException(path + key + ": " + node.get(key) + " is not supported; need " + value);
        }
    }

    private static String text(JsonNode n) {
        // Not toString() where it can be helped: that sets up all of Jackson's writing.
        return n.isValueNode() ? n.asString() : n.toString();
    }

    /** Refuses keys that are not known, naming the nearest one that is. */
    void onlyKnown(Collection<String> known) {
        for (String key : node.propertyNames()) {
            if (!known.contains(key)) {
                throw new CheckpointException(path + key + ": unknown key" + Nearest.hint(key, known));
            }
        }
    }

    private JsonNode required(String key) {
        if (!has(key)) {
            throw new CheckpointException(path + key + ": missing");
        }
        return node.get(key);
    }

    private CheckpointException wrong(String key, JsonNode n, String need) {
        return new CheckpointException(path + key + ": is " + describe(n) + "; need " + need);
    }

    private static String describe(JsonNode n) {
        return switch (n.getNodeType()) {
            case STRING -> "a string " + n;
            case NUMBER -> "a number " + n;
            case BOOLEAN -> "a boolean " + n;
            case ARRAY -> "an array";
            case OBJECT, POJO -> "an object";
            case NULL, MISSING, BINARY -> n.getNodeType().toString().toLowerCase(Locale.ROOT);
        };
    }
}
