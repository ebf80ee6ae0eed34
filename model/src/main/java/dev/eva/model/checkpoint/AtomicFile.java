package dev.eva.model.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Files that are whole or not there: written beside the target (its name with {@code .tmp}), forced to the disk, then
 * renamed over
 * it. A full disk or a kill in between leaves the old file as it was.
 */
public final class AtomicFile {
    /** What puts the bytes into the open file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    private AtomicFile() {}

    /** Writes a file. @throws CheckpointException if that fails; the old file, if any, is then untouched */
    public static void write(Path target, Content content) {
        Path absolute = target.toAbsolutePath();
        Path beside = absolute.resolveSibling(absolute.getFileName() + ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(
                    beside,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(beside, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            forceDirectory(absolute.getParent());
        } catch (IOException e) {
            CheckpointException failure = new CheckpointException(
                    "save " + target + ": " + reason(e)
                            + (Files.exists(target) ? "; the file of before is untouched" : ""),
                    e);
            try {
                Files.deleteIfExists(beside);
            } catch (IOException left) {
                failure.addSuppressed(left);
            }
            throw failure;
        }
    }

    /** Writes a text file in UTF-8. */
    public static void write(Path target, String text) {
        write(target, channel -> writeFully(channel, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
    }

    /** Writes all that remains in the buffer. */
    static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException f -> "no such folder";
            case AccessDeniedException f -> "permission denied";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            case FileSystemException f -> f.getClass().getSimpleName() + " " + f.getMessage();
            default -> e.getMessage();
        };
    }

    /** A rename is on the disk only when the folder is. Systems that cannot open a folder (Windows) do without. */
    static void forceDirectory(Path folder) throws IOException {
        if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
