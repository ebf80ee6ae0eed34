package dev.eva.model.train.ranks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The folder in which ranks find each other, open to its user alone: a socket and the file of the gradients. Both lose
 * their names as soon as all ranks have opened them, so that nothing is left behind however a process ends.
 */
record Meeting(Path folder) {
    /** Files in memory, where the system has a folder for them. */
    private static final Path MEMORY = Path.of("/dev/shm");

    private static final String PREFIX = "eva-ranks";

    /** A new one with the file of the gradients, in memory if there is room for it. */
    static Meeting create(int size, long values) throws IOException {
        long bytes = SharedGradients.bytes(size, values);
        boolean room = Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).getUsableSpace() > bytes + bytes / 4;
        Meeting meeting =
                new Meeting(room ? Files.createTempDirectory(MEMORY, PREFIX) : Files.createTempDirectory(PREFIX));
        try {
            meeting.clearAtExit();
            SharedGradients.create(meeting.gradients(), size, values);
            return meeting;
        } catch (IOException e) {
            meeting.clear();
            throw new IOException(
                    meeting.folder.getParent() + ": no room for " + (bytes >> 20) + " MiB of gradients: "
                            + e.getMessage(),
                    e);
        }
    }

    Path socket() {
        return folder.resolve("socket");
    }

    Path gradients() {
        return folder.resolve("gradients");
    }

    /** A process that is ended while others start, by Ctrl-C for instance, leaves nothing either. */
    private void clearAtExit() throws IOException {
        try {
            // Taken away in the opposite order.
            folder.toFile().deleteOnExit();
            gradients().toFile().deleteOnExit();
            socket().toFile().deleteOnExit();
        } catch (IllegalStateException e) {
            clear();
            throw new IOException("this process is ending", e);
        }
    }

    /** Takes the names away; where a system keeps those of files in use, that waits for the end of the process. */
    void clear() {
        try {
            Files.deleteIfExists(socket());
            Files.deleteIfExists(gradients());
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            assert Files.exists(folder) : e;
        }
    }
}
