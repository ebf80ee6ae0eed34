package dev.eva.model.train;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.ConfigJson;
import dev.eva.model.text.TokenFile;
import dev.eva.model.train.ranks.Rank;
import dev.eva.model.train.ranks.RankException;
import dev.eva.tensor.Parallel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * The process of every rank but rank 0: makes the run's model from its folder, where it writes nothing, and then the
 * steps that rank 0 begins. It ends with rank 0, however that ends.
 *
 * <p>Ctrl-C in a terminal goes to all processes of a command. This one then stays until rank 0 has ended its step.
 */
public final class RankWorker {
    private RankWorker() {}

    /** Arguments: folder of the meeting, rank, ranks, values of a gradient, run, threads. */
    public static void main(String[] args) throws IOException {
        CountDownLatch finished = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                finished.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        try (Rank rank = Rank.join(
                Path.of(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]), Long.parseLong(args[3]))) {
            Parallel.setThreads(Integer.parseInt(args[5]));
            serve(rank, Path.of(args[4]));
        } finally {
            finished.countDown();
        }
    }

    private static void serve(Rank rank, Path run) throws IOException {
        TrainConfig train = RunSettings.read(run.resolve(RunFolder.SETTINGS)).train();
        List<Path> checkpoints = RunFolder.checkpoints(run);
        Fp8Watch fp8 = new Fp8Watch(train.precision());
        DeepSeekModel model = checkpoints.isEmpty()
                ? FreshModel.of(ConfigJson.read(run.resolve(RunFolder.CONFIG)), train, fp8)
                : Checkpoint.load(checkpoints.getLast(), fp8);
        try (TokenFile tokens = TokenFile.open(run.resolve(RunFolder.TOKENS))) {
            Trainer trainer = new Trainer(model, train, TrainingRun.split(tokens, train), fp8);
            if (!checkpoints.isEmpty()) {
                trainer.restore(checkpoints.getLast());
            }
            trainer.share(rank);
            rank.gather(trainer.state().step());
            for (Optional<double[]> said = rank.next(); said.isPresent(); said = rank.next()) {
                trainer.state(trainer.state().withTotalSteps((long) said.get()[0]));
                trainer.step();
            }
        } catch (RankException e) {
            // Without a cause it is a difference between ranks. Else rank 0 is gone, and nobody is there to be told.
            if (e.getCause() == null) {
                throw e;
            }
        }
    }
}
