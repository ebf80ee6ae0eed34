package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {
    @TempDir
    Path dir;

    @Test
    void maskedCrcOfTheStandardVector() {
        // CRC32C("123456789") is 0xe3069283; the mask rotates right by 15 and adds 0xa282ead8.
        int crc = 0xe3069283;
        int expected = (crc >>> 15 | crc << 17) + 0xa282ead8;
        assertThat(EventFile.maskedCrc("123456789".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(expected);
    }

    @Test
    void eventsReadBackWithTheirChecksums() throws IOException {
        try (EventFile events = EventFile.create(dir, 1_700_000_000.5, 301)) {
            events.add(1_700_000_001.0, 301, Map.of("loss", 2.5));
            events.add(1_700_000_002.0, 302, new TreeMap<>(Map.of("loss", 2.25, "lr", 0.001)));
        }
        Path file;
        try (Stream<Path> files = Files.list(dir)) {
            file = files.findFirst().orElseThrow();
        }
        assertThat(file.getFileName().toString()).startsWith("events.out.tfevents.1700000000.");
        List<Map<Integer, List<Object>>> frames = frames(Files.readAllBytes(file));
        assertThat(frames).hasSize(4);
        assertThat(text(frames.get(0), 3)).isEqualTo("brain.Event:2");
        assertThat(frames.get(0).get(1)).containsExactly(Double.doubleToLongBits(1_700_000_000.5));
        assertThat(frames.get(1).get(2)).containsExactly(301L);
        assertThat(fields((byte[]) frames.get(1).get(7).getFirst()).get(1)).containsExactly(1L);
        assertThat(frames.get(3).get(2)).containsExactly(302L);
        List<Object> values = fields((byte[]) frames.get(3).get(5).getFirst()).get(1);
        assertThat(values).hasSize(2);
        Map<Integer, List<Object>> loss = fields((byte[]) values.getFirst());
        assertThat(text(loss, 1)).isEqualTo("loss");
        assertThat(loss.get(2)).containsExactly(Float.floatToIntBits(2.25f));
    }

    private static String text(Map<Integer, List<Object>> message, int field) {
        return new String((byte[]) message.get(field).getFirst(), StandardCharsets.UTF_8);
    }

    private static List<Map<Integer, List<Object>>> frames(byte[] file) {
        List<Map<Integer, List<Object>>> all = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            byte[] length = new byte[8];
            in.get(length);
            assertThat(in.getInt()).isEqualTo(EventFile.maskedCrc(length));
            byte[] data = new byte
                    [(int) ByteBuffer.wrap(length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong()];
            in.get(data);
            assertThat(in.getInt()).isEqualTo(EventFile.maskedCrc(data));
            all.add(fields(data));
        }
        return all;
    }

    /** A reader of protobuf's wire format: field number to values (Long, Integer or bytes). */
    private static Map<Integer, List<Object>> fields(byte[] message) {
        Map<Integer, List<Object>> fields = new TreeMap<>();
        ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            long key = varint(in);
            Object value = switch ((int) (key & 7)) {
                case 0 -> varint(in);
                case 1 -> in.getLong();
                case 5 -> in.getInt();
                case 2 -> {
                    byte[] bytes = new byte[(int) varint(in)];
                    in.get(bytes);
                    yield bytes;
                }
                default -> throw new AssertionError("wire type of " + key);
            };
            fields.computeIfAbsent((int) (key >>> 3), f -> new ArrayList<>()).add(value);
        }
        return fields;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }
}
