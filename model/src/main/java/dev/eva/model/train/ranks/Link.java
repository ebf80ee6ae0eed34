package dev.eva.model.train.ranks;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;

/**
 * A connection between two processes of this machine that carries arrays of numbers: the length (int), then the values
 * (float64), big endian.
 */
final class Link implements Closeable {
    private final SocketChannel channel;
    private final DataInputStream in;
    private final DataOutputStream out;

    Link(SocketChannel channel) {
        this.channel = channel;
        this.in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel)));
        this.out = new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(channel)));
    }

    void send(double... values) throws IOException {
        out.writeInt(values.length);
        for (double v : values) {
            out.writeDouble(v);
        }
        out.flush();
    }

    /** Waits. @throws java.io.EOFException if the other end is gone */
    double[] receive() throws IOException {
        double[] values = new double[in.readInt()];
        for (int i = 0; i < values.length; i++) {
            values[i] = in.readDouble();
        }
        return values;
    }

    void sendAll(double[]... arrays) throws IOException {
        for (double[] a : arrays) {
            send(a);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
