package dev.baton.transfer.session;

import com.google.protobuf.CodedOutputStream;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvMessage;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/**
 * Messages on a blocking TCP connection: a big-endian length of four bytes, then a {@link KvMessage}, then the payload
 * it announces, if any. Reads take exactly what they need, so payload goes from the socket straight to its place. One
 * thread reads and one writes.
 */
public final class MessageChannel implements AutoCloseable {
    private static final int FIRST_BUFFER = 16 << 10;

    private final SocketChannel channel;
    private final ReadableByteChannel from;
    private final GatheringByteChannel to;
    private final TimeSource time;
    private final ByteBuffer length = ByteBuffer.allocateDirect(Integer.BYTES);
    private ByteBuffer in = ByteBuffer.allocateDirect(FIRST_BUFFER);
    private ByteBuffer out = ByteBuffer.allocateDirect(FIRST_BUFFER);
    private volatile long lastHeard;

    /** Takes over the connection: closed with this, also when this cannot be made. */
    public MessageChannel(SocketChannel channel, TimeSource time) throws IOException {
        this(channel, null, time);
    }

    private MessageChannel(SocketChannel channel, @Nullable SSLEngine tls, TimeSource time) throws IOException {
        this.channel = channel;
        this.time = time;
        this.lastHeard = time.nanos();
        if (tls == null) {
            this.from = channel;
            this.to = channel;
        } else {
            TlsChannel secured = new TlsChannel(channel, tls);
            this.from = secured;
            this.to = secured;
        }
        try {
            channel.configureBlocking(true);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Of the side that accepted a connection. @param tls null: none */
    public static MessageChannel accepted(SocketChannel channel, @Nullable SessionTls tls, TimeSource time)
            throws IOException {
        return new MessageChannel(channel, tls == null ? null : engine(tls::accepting, channel), time);
    }

    /** Of the side that connects; the connection need not be made yet. @param tls null: none */
    public static MessageChannel connecting(
            SocketChannel channel, @Nullable SessionTls tls, String host, int port, TimeSource time)
            throws IOException {
        return new MessageChannel(
                channel, tls == null ? null : engine(() -> tls.connecting(host, port), channel), time);
    }

    private static SSLEngine engine(Supplier<SSLEngine> made, SocketChannel channel) throws IOException {
        try {
            return made.get();
        } catch (IllegalStateException e) {
            channel.close();
            throw new IOException("TLS of KV sessions cannot be set up: " + e.getMessage(), e);
        }
    }

    /** When the last byte came, by {@link TimeSource#nanos()}. */
    public long lastHeard() {
        return lastHeard;
    }

    /**
     * Waits for the next message.
     *
     * @param limit bytes that a message may have
     * @throws EOFException when the peer has closed
     * @throws SessionRefused when the message is larger
     */
    public KvMessage read(int limit) throws IOException {
        readFully(length.clear());
        int bytes = length.flip().getInt();
        if (bytes < 0 || bytes > limit) {
            throw new SessionRefused(
                    Failure.Code.BAD_REQUEST, "KV session: message of %d bytes, at most %d".formatted(bytes, limit));
        }
        if (bytes > in.capacity()) {
            in = ByteBuffer.allocateDirect(Math.max(bytes, (int) Math.min(limit, 2L * in.capacity())));
        }
        readFully(in.clear().limit(bytes));
        return KvMessage.parseFrom(in.flip());
    }

    private void readFully(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            read(buffer);
        }
    }

    /** One read of payload into a buffer: at least one byte, as many as are there. */
    public int read(ByteBuffer buffer) throws IOException {
        int count = from.read(buffer);
        if (count < 0) {
            throw new EOFException("the peer closed the KV session");
        }
        lastHeard = time.nanos();
        return count;
    }

    /** Writes a message and the payload that follows it, gathering from where the payload lies. */
    public void write(KvMessage message, ByteBuffer... payload) throws IOException {
        int bytes = message.getSerializedSize();
        if (bytes + Integer.BYTES > out.capacity()) {
            out = ByteBuffer.allocateDirect(Math.max(bytes + Integer.BYTES, 2 * out.capacity()));
        }
        out.clear().putInt(bytes);
        CodedOutputStream coded = CodedOutputStream.newInstance(out);
        message.writeTo(coded);
        coded.flush();
        out.position(Integer.BYTES + bytes).flip();
        ByteBuffer[] all = new ByteBuffer[payload.length + 1];
        all[0] = out;
        System.arraycopy(payload, 0, all, 1, payload.length);
        int first = 0;
        while (first < all.length) {
            to.write(all, first, all.length - first);
            while (first < all.length && !all[first].hasRemaining()) {
                first++;
            }
        }
    }

    /** Ends reads and writes in progress on other threads. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
