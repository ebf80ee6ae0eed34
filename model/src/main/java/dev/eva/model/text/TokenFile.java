package dev.eva.model.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Objects;

/**
 * The token ids of a corpus in a memory-mapped file: two bytes each where the vocabulary allows, else four, so that no
 * corpus needs the
 * heap.
 *
 * <p>Layout, little endian: {@code EVATOK01}, bytes an id (int), zero (int), number of ids (long), then 32 bytes that
 * name the text and the
 * tokenizer (SHA-256 of their hashes), then the ids. A file whose name for text and tokenizer differs, or whose length
 * does not fit, is
 * stale and made anew.
 */
public final class TokenFile implements AutoCloseable {
    private static final byte[] MAGIC = "EVATOK01".getBytes(StandardCharsets.US_ASCII);
    private static final int KEY_BYTES = 32;
    private static final int HEADER = 24 + KEY_BYTES;
    private static final int BUFFER = 1 << 16;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Arena arena;
    private final MemorySegment ids;
    private final int width;
    private final long size;

    private TokenFile(Arena arena, MemorySegment ids, int width, long size) {
        this.arena = arena;
        this.ids = ids;
        this.width = width;
        this.size = size;
    }

    /**
     * Opens {@code file} if it holds this corpus in this tokenizer's ids, else writes it: beside, then renamed.
     *
     * @param scan what {@link CorpusScan#of} said of the corpus
     */
    public static TokenFile open(Path file, Corpus corpus, CorpusScan scan, Tokenizer tokenizer) throws IOException {
        byte[] key = CorpusScan.sha256()
                .digest((scan.hash() + " " + tokenizer.fingerprint()).getBytes(StandardCharsets.UTF_8));
        int width = tokenizer.vocabSize() <= 1 << 16 ? 2 : 4;
        if (!isCurrent(file, key)) {
            Path part = file.resolveSibling(file.getFileName() + ".part");
            try {
                write(part, corpus, tokenizer, key, width);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        }
        return open(file);
    }

    /** Opens a file that is known to be current. */
    public static TokenFile open(Path file) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment all = in.map(FileChannel.MapMode.READ_ONLY, 0, in.size(), arena);
            int width = all.get(INT, MAGIC.length);
            return new TokenFile(arena, all.asSlice(HEADER), width, (in.size() - HEADER) / width);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static boolean isCurrent(Path file, byte[] key) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) < HEADER) {
            return false;
        }
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            while (header.hasRemaining() && in.read(header) >= 0) {}
        }
        header.flip();
        byte[] magic = new byte[MAGIC.length];
        byte[] found = new byte[KEY_BYTES];
        header.get(magic);
        int width = header.getInt();
        header.getInt();
        long size = header.getLong();
        header.get(found);
        return Arrays.equals(magic, MAGIC) && Arrays.equals(found, key) && Files.size(file) == HEADER + width * size;
    }

    private static void write(Path file, Corpus corpus, Tokenizer tokenizer, byte[] key, int width) throws IOException {
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            Ids ids = new Ids(out, width);
            out.position(HEADER);
            WordPieces.read(corpus, piece -> ids.put(tokenizer.encode(piece)));
            ids.flush();
            ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
            header.put(MAGIC)
                    .putInt(width)
                    .putInt(0)
                    .putLong(ids.count)
                    .put(key)
                    .flip();
            for (long at = 0; header.hasRemaining(); ) {
                at += out.write(header, at);
            }
            out.force(true);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Ids on their way to the file. */
    private static final class Ids {
        private final FileChannel out;
        private final int width;
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
        private long count;

        Ids(FileChannel out, int width) {
            this.out = out;
            this.width = width;
        }

        void put(int[] ids) {
            for (int id : ids) {
                if (buffer.remaining() < width) {
                    flush();
                }
                if (width == 2) {
                    buffer.putShort((short) id);
                } else {
                    buffer.putInt(id);
                }
            }
            count += ids.length;
        }

        void flush() {
            buffer.flip();
            try {
                while (buffer.hasRemaining()) {
                    out.write(buffer);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            buffer.clear();
        }
    }

    /** Number of ids. */
    public long size() {
        return size;
    }

    /** The id at {@code i}. */
    public int get(long i) {
        Objects.checkIndex(i, size);
        return width == 2 ? ids.get(SHORT, 2 * i) & 0xffff : ids.get(INT, 4 * i);
    }

    /** Copies ids {@code [from, from + length)} to {@code into[at ..]}. */
    public void read(long from, int length, int[] into, int at) {
        Objects.checkFromIndexSize(from, length, size);
        Objects.checkFromIndexSize(at, length, into.length);
        for (int i = 0; i < length; i++) {
            into[at + i] = width == 2 ? ids.get(SHORT, 2 * (from + i)) & 0xffff : ids.get(INT, 4 * (from + i));
        }
    }

    /** All ids. */
    public TokenRange all() {
        return new TokenRange(this, 0, size);
    }

    /**
     * The last part of the text for validation, the rest for training.
     *
     * @param validation share of the ids, in [0, 1)
     */
    public Split split(double validation) {
        if (!(validation >= 0 && validation < 1)) {
            throw new IllegalArgumentException("split: validation share " + validation + "; need 0 to less than 1");
        }
        long cut = size - (long) (size * validation);
        return new Split(new TokenRange(this, 0, cut), new TokenRange(this, cut, size));
    }

    /** Training and validation text. */
    public record Split(TokenRange training, TokenRange validation) {}

    /** Unmaps the file; ranges of it end here. */
    @Override
    public void close() {
        arena.close();
    }
}
