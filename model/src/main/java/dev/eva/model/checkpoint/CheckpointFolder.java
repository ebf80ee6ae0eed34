package dev.eva.model.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * Folders that are whole or not there: written beside the target ({@code .NAME.part}), then renamed. A full disk or a
 * kill in between leaves nothing under the target's name; what a kill left beside it goes with the next attempt.
 */
final class CheckpointFolder {
    /** What puts files into the folder. */
    @FunctionalInterface
    interface Content {
        void writeTo(Path folder) throws IOException;
    }

    private CheckpointFolder() {}

    /**
     * Writes a new folder.
     *
     * @param target does not exist, or is an empty folder
     * @param bytes what will be written, about; refused at once if the disk has less room
     * @throws CheckpointException if it is something else, or if writing fails; there is then nothing new
     */
    static void write(Path target, long bytes, Content content) {
        Path folder = target.toAbsolutePath().normalize();
        Path part = folder.resolveSibling("." + folder.getFileName() + ".part");
        try {
            checkFree(target, folder);
            Files.createDirectories(folder.getParent());
            delete(part);
            Files.createDirectory(part);
            checkRoom(target, part, bytes);
        } catch (IOException | UncheckedIOException e) {
            throw new CheckpointException("write " + target + ": " + reason(e), e);
        }
        try {
            content.writeTo(part);
            Files.deleteIfExists(folder);
            Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
            AtomicFile.forceDirectory(folder.getParent());
        } catch (IOException | UncheckedIOException e) {
            throw deleteAfter(part, new CheckpointException(target + " is not written: " + reason(e), e));
        } catch (CheckpointException e) {
            throw deleteAfter(part, new CheckpointException(target + " is not written: " + e.getMessage(), e));
        }
    }

    private static void checkFree(Path target, Path folder) throws IOException {
        if (folder.getFileName() == null) {
            throw new CheckpointException(target + ": is the root of the file system; need a folder of its own");
        }
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(target + ": is a file; need the name of a new or empty folder");
        }
        try (Stream<Path> inside = Files.list(folder)) {
            if (inside.findAny().isPresent()) {
                throw new CheckpointException(
                        target + ": is not empty and is not overwritten; need the name of a new or empty folder");
            }
        }
    }

    private static void checkRoom(Path target, Path part, long bytes) throws IOException {
        long room = Files.getFileStore(part).getUsableSpace();
        if (room < bytes) {
            Files.delete(part);
            throw new CheckpointException("write " + target + ": " + (bytes >> 20)
                    + " MiB of weights, but the disk has " + (room >> 20) + " MiB left");
        }
    }

    private static String reason(Exception e) {
        return AtomicFile.reason(e instanceof UncheckedIOException u ? u.getCause() : (IOException) e);
    }

    private static CheckpointException deleteAfter(Path part, CheckpointException failure) {
        try {
            delete(part);
        } catch (IOException | UncheckedIOException e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    private static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(p);
            }
        }
    }
}
