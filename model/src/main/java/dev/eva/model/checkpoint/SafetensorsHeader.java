package dev.eva.model.checkpoint;

import dev.eva.model.checkpoint.SafetensorsFile.Entry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The header of a safetensors file, checked: every tensor lies inside the file, has as many bytes as its shape says,
 * overlaps no
 * other, and together they fill the file without a gap.
 */
record SafetensorsHeader(Map<String, Entry> entries, Map<String, String> metadata) {
    private static final long LENGTH_BYTES = 8;
    /** Headers of real releases have a few MB; a larger one is a sign of garbage, and would be parsed for nothing. */
    private static final long MAX_HEADER = 100_000_000;

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    static SafetensorsHeader parse(Path path, MemorySegment file) {
        if (file.byteSize() < LENGTH_BYTES) {
            throw new CheckpointException(
                    path + ": " + file.byteSize() + " bytes is too short for a safetensors file; is it truncated?");
        }
        long length = file.get(LENGTH, 0);
        long room = file.byteSize() - LENGTH_BYTES;
        if (length < 2 || length > Math.min(room, MAX_HEADER)) {
            throw new CheckpointException(path + ": header length " + Long.toUnsignedString(length) + " in a file of "
                    + file.byteSize() + " bytes; not a safetensors file, or truncated");
        }
        byte[] text = file.asSlice(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
        JsonNode root = tree(path, text);
        Map<String, Entry> entries = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> p : root.properties()) {
            if (p.getKey().equals("__metadata__")) {
                metadata(path, p.getValue(), metadata);
            } else {
                entries.put(p.getKey(), entry(path, p.getKey(), p.getValue(), LENGTH_BYTES + length));
            }
        }
        checkRanges(path, entries.values().stream().toList(), LENGTH_BYTES + length, file.byteSize());
        return new SafetensorsHeader(Collections.unmodifiableMap(entries), Collections.unmodifiableMap(metadata));
    }

    private static JsonNode tree(Path path, byte[] text) {
        JsonNode root;
        try {
            root = JSON.readTree(new String(text, StandardCharsets.UTF_8));
        } catch (JacksonException e) {
            String what = e.getOriginalMessage().lines().findFirst().orElse("");
            throw new CheckpointException(path + ": header is not JSON: " + what, e);
        }
        if (!root.isObject()) {
            throw new CheckpointException(path + ": header is JSON but not an object");
        }
        return root;
    }

    private static void metadata(Path path, JsonNode node, Map<String, String> into) {
        if (!node.isObject()) {
            throw new CheckpointException(path + ": __metadata__ is not an object");
        }
        for (Map.Entry<String, JsonNode> p : node.properties()) {
            if (!p.getValue().isString()) {
                throw new CheckpointException(path + ": __metadata__." + p.getKey() + " is not a string");
            }
            into.put(p.getKey(), p.getValue().stringValue());
        }
    }

    private static Entry entry(Path path, String name, JsonNode node, long base) {
        String where = path + ": tensor " + name;
        if (!node.isObject()) {
            throw new CheckpointException(where + ": header entry is not an object");
        }
        JsonNode dtype = node.get("dtype");
        if (dtype == null || !dtype.isString()) {
            throw new CheckpointException(
                    where + ": dtype is " + (dtype == null ? "missing" : dtype + ", not a string"));
        }
        StoredType type = StoredType.of(dtype.stringValue(), where);
        long[] shape = longs(where, "shape", node.get("shape"));
        long[] range = longs(where, "data_offsets", node.get("data_offsets"));
        if (range.length != 2) {
            throw new CheckpointException(
                    where + ": data_offsets has " + range.length + " numbers; need begin and end");
        }
        if (range[1] < range[0]) {
            throw new CheckpointException(
                    where + ": data_offsets [" + range[0] + ", " + range[1] + "] end before they begin");
        }
        Entry e = new Entry(name, type, shape, base + range[0], range[1] - range[0]);
        long need = bytes(where, shape, type);
        if (need != e.bytes()) {
            throw new CheckpointException(
                    where + ": " + e.bytes() + " bytes for shape " + e.shapeText() + " of " + type + "; need " + need);
        }
        return e;
    }

    private static long bytes(String where, long[] shape, StoredType type) {
        try {
            long n = type.bytes();
            for (long d : shape) {
                n = Math.multiplyExact(n, d);
            }
            return n;
        } catch (ArithmeticException e) {
            throw new CheckpointException(where + ": shape has more than 2^63 bytes", e);
        }
    }

    private static long[] longs(String where, String key, JsonNode node) {
        if (node == null || !node.isArray()) {
            throw new CheckpointException(where + ": " + key + " is " + (node == null ? "missing" : "not an array"));
        }
        long[] out = new long[node.size()];
        for (int i = 0; i < out.length; i++) {
            JsonNode n = node.get(i);
            // Half of the range of long leaves room to add the header's length without overflow.
            if (!n.isIntegralNumber()
                    || !n.canConvertToLong()
                    || n.longValue() < 0
                    || n.longValue() > Long.MAX_VALUE / 2) {
                throw new CheckpointException(where + ": " + key + " holds " + n + "; need whole numbers from 0 on");
            }
            out[i] = n.longValue();
        }
        return out;
    }

    private static void checkRanges(Path path, List<Entry> entries, long begin, long end) {
        List<Entry> sorted = new ArrayList<>(entries);
        sorted.sort(Comparator.comparingLong(Entry::offset).thenComparingLong(Entry::bytes));
        long at = begin;
        String before = "the header";
        for (Entry e : sorted) {
            if (e.offset() + e.bytes() > end) {
                throw new CheckpointException(path + ": tensor " + e.name() + " ends at byte "
                        + (e.offset() + e.bytes()) + " of a file of " + end + " bytes; is it truncated?");
            }
            if (e.offset() < at) {
                throw new CheckpointException(path + ": tensor " + e.name() + " overlaps " + before
                        + ": begins at byte " + e.offset() + ", which is before " + at);
            }
            if (e.offset() > at) {
                throw new CheckpointException(path + ": " + (e.offset() - at) + " bytes between " + before
                        + " and tensor " + e.name() + " belong to no tensor");
            }
            at = e.offset() + e.bytes();
            before = "tensor " + e.name();
        }
        if (at != end) {
            throw new CheckpointException(path + ": " + (end - at) + " bytes after " + before + " belong to no tensor");
        }
    }
}
