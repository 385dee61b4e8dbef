package dev.baton.transfer.session;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;

/**
 * TLS over a blocking connection. The handshake is made by whichever thread first reads or writes; from then on one
 * thread reads and one writes. Closing closes the connection at once, without TLS' goodbye: the session's own messages
 * say when all has arrived.
 */
final class TlsChannel implements ReadableByteChannel, GatheringByteChannel {
    /** Records that are sealed before they are written together. */
    private static final int RECORDS_A_WRITE = 8;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocketChannel socket;
    private final SSLEngine engine;
    private final Object writing = new Object();
    private final Object handshaking = new Object();
    private final ByteBuffer sealedIn;
    private final ByteBuffer sealedOut;
    private ByteBuffer opened;
    private volatile boolean agreed;

    /** @param engine in client or server mode, with its parameters set */
    TlsChannel(SocketChannel socket, SSLEngine engine) {
        this.socket = socket;
        this.engine = engine;
        int record = engine.getSession().getPacketBufferSize();
        // Empty and ready to be read from.
        this.sealedIn = ByteBuffer.allocateDirect(record).limit(0);
        this.sealedOut = ByteBuffer.allocateDirect(record * RECORDS_A_WRITE);
        this.opened = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize())
                .limit(0);
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        agree();
        while (!opened.hasRemaining()) {
            if (!unwrap()) {
                return -1;
            }
        }
        int count = Math.min(into.remaining(), opened.remaining());
        into.put(into.position(), opened, opened.position(), count);
        into.position(into.position() + count);
        opened.position(opened.position() + count);
        return count;
    }

    @Override
    public long write(ByteBuffer[] from, int offset, int length) throws IOException {
        agree();
        synchronized (writing) {
            long taken = 0;
            sealedOut.clear();
            while (remaining(from, offset, length)
                    && sealedOut.remaining() >= engine.getSession().getPacketBufferSize()) {
                SSLEngineResult result = engine.wrap(from, offset, length, sealedOut);
                taken += result.bytesConsumed();
                refuseClosed(result);
            }
            send();
            return taken;
        }
    }

    @Override
    public long write(ByteBuffer[] from) throws IOException {
        return write(from, 0, from.length);
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return Math.toIntExact(write(new ByteBuffer[] {from}, 0, 1));
    }

    private static boolean remaining(ByteBuffer[] from, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            if (from[i].hasRemaining()) {
                return true;
            }
        }
        return false;
    }

    private void agree() throws IOException {
        if (agreed) {
            return;
        }
        synchronized (handshaking) {
            if (!agreed) {
                engine.beginHandshake();
                HandshakeStatus status = engine.getHandshakeStatus();
                while (status != HandshakeStatus.NOT_HANDSHAKING && status != HandshakeStatus.FINISHED) {
                    step(status);
                    status = engine.getHandshakeStatus();
                }
                agreed = true;
            }
        }
    }

    private void step(HandshakeStatus status) throws IOException {
        switch (status) {
            case NEED_WRAP -> wrapNothing();
            case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                if (!unwrap()) {
                    throw new EOFException("the peer closed the KV session during the TLS handshake");
                }
            }
            case NEED_TASK -> runTasks();
            case FINISHED, NOT_HANDSHAKING -> {}
        }
    }

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    /** Sends what TLS itself has to say. */
    private void wrapNothing() throws IOException {
        synchronized (writing) {
            sealedOut.clear();
            SSLEngineResult result = engine.wrap(NOTHING, sealedOut);
            send();
            refuseClosed(result);
        }
    }

    private void send() throws IOException {
        sealedOut.flip();
        while (sealedOut.hasRemaining()) {
            socket.write(sealedOut);
        }
    }

    /** Opens one record, or reads more of it. False at the end of the connection. */
    private boolean unwrap() throws IOException {
        opened.clear();
        SSLEngineResult result = engine.unwrap(sealedIn, opened);
        opened.flip();
        if (result.getStatus() == Status.BUFFER_UNDERFLOW) {
            sealedIn.compact();
            int count = socket.read(sealedIn);
            sealedIn.flip();
            return count >= 0;
        }
        if (result.getStatus() == Status.BUFFER_OVERFLOW) {
            opened = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize())
                    .limit(0);
            return true;
        }
        if (agreed) {
            afterAgreement(result.getHandshakeStatus());
        }
        return result.getStatus() != Status.CLOSED;
    }

    /** New keys or tickets while data flows. */
    private void afterAgreement(HandshakeStatus status) throws IOException {
        if (status == HandshakeStatus.NEED_TASK) {
            runTasks();
        } else if (status == HandshakeStatus.NEED_WRAP) {
            wrapNothing();
        }
    }

    private static void refuseClosed(SSLEngineResult result) throws IOException {
        if (result.getStatus() == Status.CLOSED) {
            throw new EOFException("the peer closed the KV session");
        }
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
