package dev.eva.model.train.ranks;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;

/** Every rank but rank 0, in a process that {@link Ranks} has started. It ends when rank 0 does. */
public final class Rank extends SharedStep implements AutoCloseable {
    private final Link link;

    private Rank(int rank, int size, SharedGradients gradients, Link link) {
        super(rank, size, gradients);
        this.link = link;
    }

    /**
     * Meets rank 0.
     *
     * @param folder where
     * @param values of a gradient
     */
    public static Rank join(Path folder, int rank, int size, long values) throws IOException {
        Meeting meeting = new Meeting(folder);
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(meeting.socket()));
            SharedGradients gradients = new SharedGradients(meeting.gradients(), rank, size, values);
            Link link = new Link(channel);
            link.send(rank);
            return new Rank(rank, size, gradients, link);
        } catch (IOException e) {
            channel.close();
            // Rank 0 was killed while this process started: nobody else clears up.
            meeting.clear();
            throw e;
        }
    }

    /** Waits for what rank 0 says of the next step; empty when there is none. */
    public Optional<double[]> next() throws IOException {
        try {
            return Optional.of(link.receive());
        } catch (EOFException e) {
            return Optional.empty();
        }
    }

    @Override
    public double[][] gather(double... mine) {
        try {
            link.send(mine);
            double[][] all = new double[size()][];
            for (int r = 0; r < all.length; r++) {
                all[r] = link.receive();
            }
            return all;
        } catch (IOException e) {
            throw new RankException("rank 0 has ended", e);
        }
    }

    @Override
    public void close() {
        link.close();
        gradients().close();
    }
}
