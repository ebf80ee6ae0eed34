package dev.eva.model.train;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Scalars in TensorBoard's event format: TFRecord frames around protobuf messages, of which the few fields needed are
 * written here.
 *
 * <p>Frame: length (u64), masked CRC32C of the length, message, masked CRC32C of the message, all little endian.
 * {@code Event {1: double wall_time, 2: int64 step, 3: string file_version, 5: Summary summary, 7: SessionLog
 * session_log}},
 * {@code Summary {repeated 1: Value {1: string tag, 2: float simple_value}}}, {@code SessionLog {1: status, START =
 * 1}}.
 *
 * <p>Source: tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto,
 * tensorflow/core/lib/io/record_writer.h
 */
final class EventFile implements AutoCloseable {
    private static final int CRC_MASK = 0xa282ead8;
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final OutputStream out;

    private EventFile(OutputStream out) {
        this.out = out;
    }

    /**
     * A new file in the folder. Its first step tells readers to forget what older files say of that step and later
     * ones.
     *
     * @param wallTime seconds since 1970, part of the name
     * @param firstStep the first step to come
     */
    static EventFile create(Path folder, double wallTime, long firstStep) throws IOException {
        Files.createDirectories(folder);
        Path file = folder.resolve(
                String.format(Locale.ROOT, "events.out.tfevents.%010d.eva.%d", (long) wallTime, firstStep));
        EventFile events = new EventFile(new BufferedOutputStream(Files.newOutputStream(file)));
        Message version =
                new Message().fixed64(1, wallTime).bytes(3, "brain.Event:2".getBytes(StandardCharsets.US_ASCII));
        events.frame(version);
        if (firstStep > 1) {
            Message start = new Message().varint(1, 1);
            events.frame(new Message().fixed64(1, wallTime).varint(2, firstStep).bytes(7, start.toBytes()));
        }
        events.out.flush();
        return events;
    }

    /** Adds the values of a step by their tags. */
    void add(double wallTime, long step, Map<String, Double> values) throws IOException {
        Message summary = new Message();
        values.forEach((tag, value) -> {
            Message v =
                    new Message().bytes(1, tag.getBytes(StandardCharsets.UTF_8)).fixed32(2, value.floatValue());
            summary.bytes(1, v.toBytes());
        });
        frame(new Message().fixed64(1, wallTime).varint(2, step).bytes(5, summary.toBytes()));
        out.flush();
    }

    private void frame(Message message) throws IOException {
        byte[] data = message.toBytes();
        byte[] length = little(8).putLong(data.length).array();
        out.write(length);
        out.write(little(4).putInt(maskedCrc(length)).array());
        out.write(data);
        out.write(little(4).putInt(maskedCrc(data)).array());
    }

    static int maskedCrc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return Integer.rotateRight((int) crc.getValue(), 15) + CRC_MASK;
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    /** A protobuf message under construction: a key (field number and wire type) before each value. */
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message varint(int field, long value) {
            raw((long) field << 3 | VARINT);
            raw(value);
            return this;
        }

        Message fixed64(int field, double value) {
            raw((long) field << 3 | FIXED64);
            out.writeBytes(little(8).putDouble(value).array());
            return this;
        }

        Message fixed32(int field, float value) {
            raw((long) field << 3 | FIXED32);
            out.writeBytes(little(4).putFloat(value).array());
            return this;
        }

        Message bytes(int field, byte[] value) {
            raw((long) field << 3 | BYTES);
            raw(value.length);
            out.writeBytes(value);
            return this;
        }

        byte[] toBytes() {
            return out.toByteArray();
        }

        private void raw(long varint) {
            long v = varint;
            while ((v & ~0x7fL) != 0) {
                out.write((int) (v & 0x7f | 0x80));
                v >>>= 7;
            }
            out.write((int) v);
        }
    }
}
