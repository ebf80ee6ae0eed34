package dev.eva.model.train;

import dev.eva.model.checkpoint.CheckpointException;
import dev.eva.model.text.Tokenizers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of a run: {@code config.json} (model), {@code train.json}, {@code tokenizer.json}, {@code tokens.bin},
 * {@code metrics.jsonl},
 * {@code metrics.png}, {@code tensorboard/}, and {@code checkpoints/step-000500/}.
 *
 * <p>A checkpoint is a folder that is written beside and renamed when all of it is on the disk, so a folder of that
 * name is whole;
 * what a killed process left half done has another name, and goes when the run is opened again.
 */
public final class RunFolder implements AutoCloseable {
    static final String CONFIG = "config.json";
    static final String SETTINGS = "train.json";
    static final String TOKENS = "tokens.bin";

    private static final Pattern CHECKPOINT = Pattern.compile("step-(\\d{6,})");
    private static final String PART = ".part-";

    private final Path path;
    private final FileChannel lockFile;

    private RunFolder(Path path) throws IOException {
        this.path = path;
        Files.createDirectories(path.resolve("checkpoints"));
        this.lockFile = FileChannel.open(path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (!lock(lockFile)) {
            lockFile.close();
            throw new TrainException(path + ": another process trains this run; stop it first or choose another --out");
        }
    }

    private static boolean lock(FileChannel file) throws IOException {
        try {
            FileLock lock = file.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    /** A folder for a new run; one in which a process was killed before the run had begun is taken over. */
    static RunFolder create(Path path) {
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new TrainException(path + ": is a file; need a folder for the run");
        }
        if (Files.exists(path.resolve(SETTINGS))) {
            throw new TrainException(
                    path + ": holds a run already; go on with --resume " + path + " or choose another --out");
        }
        return lockAndSweep(path);
    }

    /** The folder of a run that was begun. */
    static RunFolder open(Path path) {
        if (!Files.isRegularFile(path.resolve(SETTINGS))) {
            throw new TrainException(
                    path + ": no run of eva train (it has no train.json); need the folder that --out named");
        }
        return lockAndSweep(path);
    }

    private static RunFolder lockAndSweep(Path path) {
        try {
            RunFolder folder = new RunFolder(path);
            try (Stream<Path> all = Files.list(path.resolve("checkpoints"))) {
                all.filter(p -> p.getFileName().toString().startsWith(PART)).forEach(RunFolder::delete);
            }
            return folder;
        } catch (IOException | UncheckedIOException e) {
            throw TrainException.of(path + ": cannot be written", e);
        }
    }

    public Path path() {
        return path;
    }

    Path config() {
        return path.resolve(CONFIG);
    }

    Path settings() {
        return path.resolve(SETTINGS);
    }

    Path tokens() {
        return path.resolve(TOKENS);
    }

    Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    Path picture() {
        return path.resolve("metrics.png");
    }

    Path tensorboard() {
        return path.resolve("tensorboard");
    }

    /** Writes the content of a checkpoint into the folder that it is given. */
    interface Content {
        void writeTo(Path folder) throws IOException;
    }

    /** Saves a checkpoint whole or not at all. The run has none of that step yet. */
    Path save(long step, Content content) {
        Path target = path.resolve("checkpoints").resolve(String.format(Locale.ROOT, "step-%06d", step));
        Path part = target.resolveSibling(PART + target.getFileName());
        try {
            delete(part);
            Files.createDirectories(part);
            content.writeTo(part);
            force(part);
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
            force(target.getParent());
            return target;
        } catch (IOException | UncheckedIOException e) {
            deleteAfter(part, e);
            throw TrainException.of("save " + target + " (earlier checkpoints are untouched)", e);
        } catch (CheckpointException e) {
            deleteAfter(part, e);
            throw new TrainException(
                    "step " + step + " is not saved, earlier checkpoints are untouched: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            deleteAfter(part, e);
            throw e;
        }
    }

    private static void deleteAfter(Path part, Exception failure) {
        try {
            delete(part);
        } catch (UncheckedIOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Checkpoints by rising step. */
    static List<Path> checkpoints(Path run) {
        try (Stream<Path> all = Files.list(run.resolve("checkpoints"))) {
            return all.filter(
                            p -> CHECKPOINT.matcher(p.getFileName().toString()).matches())
                    .sorted(Comparator.comparingLong(RunFolder::step))
                    .toList();
        } catch (IOException e) {
            throw TrainException.of(run + ": cannot be read", e);
        }
    }

    /** The newest checkpoint. */
    Optional<Path> latest() {
        List<Path> all = checkpoints(path);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /** The step of a checkpoint, by its name. */
    static long step(Path checkpoint) {
        var m = CHECKPOINT.matcher(checkpoint.getFileName().toString());
        if (!m.matches()) {
            throw new IllegalArgumentException("not a checkpoint of a run: " + checkpoint);
        }
        return Long.parseLong(m.group(1));
    }

    /** Deletes all checkpoints but the newest {@code keepLast} and that of {@code bestStep}. */
    void prune(int keepLast, long bestStep) {
        List<Path> old = new ArrayList<>(checkpoints(path));
        old.subList(Math.max(0, old.size() - keepLast), old.size()).clear();
        old.removeIf(p -> step(p) == bestStep);
        for (Path p : old) {
            // First renamed, so that a kill in between leaves no half checkpoint under a good name.
            Path part = p.resolveSibling(PART + p.getFileName());
            try {
                delete(part);
                Files.move(p, part, StandardCopyOption.ATOMIC_MOVE);
                delete(part);
            } catch (IOException | UncheckedIOException e) {
                throw TrainException.of("delete " + p, e);
            }
        }
    }

    /**
     * The checkpoint that {@code path} means: itself if it holds a model, or of a run the one with the best validation
     * loss, else the
     * newest.
     *
     * @throws TrainException if it is neither
     */
    public static Path checkpointOf(Path path) {
        if (Files.isDirectory(path.resolve("checkpoints"))) {
            List<Path> all = checkpoints(path);
            if (all.isEmpty()) {
                throw new TrainException(
                        path + ": the run has no checkpoint yet; go on with eva train --resume " + path);
            }
            TrainerState state = Json.read(all.getLast().resolve("trainer.json"), TrainerState.class);
            return state.best()
                    .flatMap(b -> all.stream().filter(p -> step(p) == b.step()).findFirst())
                    .orElse(all.getLast());
        }
        if (!Files.exists(path)) {
            throw new TrainException(path + ": no such file or folder; need a run or a checkpoint");
        }
        return path;
    }

    /**
     * What the steps of a run did, from the first on.
     *
     * @throws TrainException if it has no metrics.jsonl that can be read
     */
    public static List<StepMetrics> steps(Path run) {
        try {
            return MetricsLog.read(run.resolve("metrics.jsonl"));
        } catch (IOException e) {
            throw TrainException.of(run + ": metrics.jsonl cannot be read", e);
        }
    }

    /** Deletes what a run that could not begin has left, and the folder if nothing else is in it. */
    void discard() throws IOException {
        close();
        for (String name : List.of(CONFIG, TOKENS, Tokenizers.FILE, ".lock")) {
            Files.deleteIfExists(path.resolve(name));
        }
        delete(path.resolve("checkpoints"));
        try (Stream<Path> rest = Files.list(path)) {
            if (rest.findAny().isPresent()) {
                return;
            }
        }
        Files.delete(path);
    }

    private static void delete(Path tree) {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(p);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes sure that the folder's entries and its files are on the disk. */
    private static void force(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                try (FileChannel c = FileChannel.open(f, StandardOpenOption.WRITE)) {
                    c.force(true);
                }
            }
        }
        if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel c = FileChannel.open(folder, StandardOpenOption.READ)) {
                c.force(true);
            }
        }
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }
}
