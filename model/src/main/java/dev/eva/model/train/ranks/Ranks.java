package dev.eva.model.train.ranks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Rank 0: the process that the user started, which starts the others, hands their values round and ends with them.
 *
 * <p>Each of the others has a connection to this one, over which it waits; gradients go through memory that all share.
 */
public final class Ranks extends SharedStep implements AutoCloseable {
    private final Meeting meeting;
    private final List<RankProcess> processes = new ArrayList<>();
    private final Link[] links;

    private Ranks(Meeting meeting, int size, SharedGradients gradients) {
        super(0, size, gradients);
        this.meeting = meeting;
        this.links = new Link[size];
    }

    /**
     * Starts the other ranks and waits until they have come.
     *
     * @param size how many with this one, at least 2
     * @param values of a gradient
     * @param main their main class, which has to {@linkplain Rank#join join}
     * @param args its arguments behind those of {@code join}: folder, rank, size, values
     * @throws RankException if one of them ends before
     */
    public static Ranks start(int size, long values, Class<?> main, IntFunction<List<String>> args) {
        try {
            Meeting meeting = Meeting.create(size, values);
            try {
                Ranks ranks = new Ranks(meeting, size, new SharedGradients(meeting.gradients(), 0, size, values));
                ranks.open(values, main, args);
                return ranks;
            } finally {
                // Everybody has opened what is in it.
                meeting.clear();
            }
        } catch (IOException e) {
            throw new RankException("ranks: cannot be started: " + e.getMessage(), e);
        }
    }

    private void open(long values, Class<?> main, IntFunction<List<String>> args) throws IOException {
        boolean open = false;
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(meeting.socket()), size());
            for (int r = 1; r < size(); r++) {
                List<String> all = new ArrayList<>(List.of(
                        meeting.folder().toString(),
                        Integer.toString(r),
                        Integer.toString(size()),
                        Long.toString(values)));
                all.addAll(args.apply(r));
                RankProcess process = new RankProcess(r, main, all);
                processes.add(process);
                process.onExit(() -> close(server));
            }
            await(server);
            open = true;
        } finally {
            if (!open) {
                close();
            }
        }
    }

    private void await(ServerSocketChannel server) {
        try {
            for (int r = 1; r < size(); r++) {
                Link link = new Link(server.accept());
                links[(int) link.receive()[0]] = link;
            }
        } catch (IOException e) {
            throw new RankException("ranks: " + firstEnd(), e);
        }
    }

    /** Ends the wait for a process that has ended itself. */
    private static void close(ServerSocketChannel server) {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String firstEnd() {
        return processes.stream()
                .filter(p -> !p.isAlive())
                .findFirst()
                .map(RankProcess::end)
                .orElse("the connection was closed");
    }

    /** Lets the others begin a step, of which they are told {@code values}. */
    public void begin(double... values) {
        for (int r = 1; r < size(); r++) {
            try {
                links[r].send(values);
            } catch (IOException e) {
                throw gone(r, e);
            }
        }
    }

    @Override
    public double[][] gather(double... mine) {
        double[][] all = new double[size()][];
        all[0] = mine;
        int r = 1;
        try {
            for (; r < size(); r++) {
                all[r] = links[r].receive();
            }
            for (r = 1; r < size(); r++) {
                links[r].sendAll(all);
            }
        } catch (IOException e) {
            throw gone(r, e);
        }
        return all;
    }

    private RankException gone(int rank, IOException e) {
        return new RankException(processes.get(rank - 1).end(), e);
    }

    /** Bytes that this rank has written into shared memory and read from it. */
    public long movedBytes() {
        return gradients().movedBytes();
    }

    /** Length of the file of gradients. */
    public long fileBytes() {
        return gradients().fileBytes();
    }

    /** Process ids of the others, rank 1's first. */
    public List<Long> pids() {
        return processes.stream().map(RankProcess::pid).toList();
    }

    /** Ends the others: they see their connection closed. */
    @Override
    public void close() {
        for (Link link : links) {
            if (link != null) {
                link.close();
            }
        }
        processes.forEach(RankProcess::finish);
        gradients().close();
        meeting.clear();
    }
}
