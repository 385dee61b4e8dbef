package dev.baton.transfer;

import dev.baton.protocol.v1.KvLayerDone;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvTicket;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.Handshake;
import dev.baton.transfer.session.MessageChannel;
import dev.baton.transfer.session.TimeSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.util.concurrent.CompletableFuture;

/** A sender that knows the secret and then says what a script wants, to one receiver and its first ticket. */
final class FakeSender implements AutoCloseable {
    private static final int LIMIT = 1 << 20;

    private final ServerSocketChannel server = ServerSocketChannel.open();
    private final CompletableFuture<KvMessage> lastWord = new CompletableFuture<>();

    FakeSender(SharedPool pool, KvTransportKind kind, Script script) throws IOException {
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        TransferSettings settings = Fixture.settings(kind);
        Thread.ofVirtual().start(() -> {
            try (MessageChannel channel = new MessageChannel(server.accept(), TimeSource.system())) {
                new Handshake(pool, settings.secret(), settings.machine(), settings.transport(), true).accept(channel);
                KvMessage message = channel.read(LIMIT);
                while (!message.hasTicket()) {
                    message = channel.read(LIMIT);
                }
                script.run(channel, message.getTicket());
                while (true) {
                    KvMessage said = channel.read(LIMIT);
                    if (said.hasNack() || said.hasCancel() || said.hasAck()) {
                        lastWord.complete(said);
                    }
                }
            } catch (IOException e) {
                lastWord.completeExceptionally(e);
            }
        });
    }

    int port() throws IOException {
        return ((InetSocketAddress) server.getLocalAddress()).getPort();
    }

    /** The first NACK, CANCEL or ACK; exceptional when the receiver ended the session without. */
    CompletableFuture<KvMessage> lastWord() {
        return lastWord;
    }

    static void announce(MessageChannel channel, KvLayerDone done) throws IOException {
        channel.write(
                KvMessage.newBuilder().setLayerDone(done).build(),
                ByteBuffer.allocateDirect(Math.toIntExact(done.getPayloadBytes())));
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    /** What it says once it has a ticket. */
    interface Script {
        void run(MessageChannel channel, KvTicket ticket) throws IOException;
    }
}
