package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.protocol.v1.KvAllDone;
import dev.baton.protocol.v1.KvCredit;
import dev.baton.protocol.v1.KvLayerDone;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvTicket;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.transfer.pool.PoolIdentity;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.Handshake;
import dev.baton.transfer.session.MessageChannel;
import dev.baton.transfer.session.TimeSource;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a peer that knows the secret still cannot do. */
class LyingPeerTest extends TwoPools {
    private static final int TOKENS = 2 * Fixture.BLOCK_TOKENS;
    private static final int[] TARGET = {10, 20};
    private static final int BLOCK_BYTES = Math.toIntExact(Fixture.LAYOUT.layerBlockBytes(0));

    private static TicketRequest ticket(WorkerRef source, int port) {
        return new TicketRequest(Fixture.key("r"), TOKENS, TARGET, source, "127.0.0.1", port, Fixture.PATIENCE);
    }

    @Test
    void findsAByteThatChangedOnTheWire() throws Exception {
        var settings = Fixture.settings(KvTransportKind.TCP);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings);
                ServerSocketChannel proxy = ServerSocketChannel.open()) {
            proxy.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("r"), TOKENS);
            outbound.blocks(new int[] {1, 2}, TOKENS);
            Thread.ofVirtual().start(() -> corrupt(proxy, sender.port()));
            IncomingTransfer inbound = receiver.fetch(
                    ticket(prefillPool.identity().worker(), ((InetSocketAddress) proxy.getLocalAddress()).getPort()));
            assertThat(Fixture.await(inbound.completion()))
                    .isInstanceOfSatisfying(
                            ReceiveOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getMessage())
                                    .contains("digest of layer " + Fixture.FIRST_LAYER));
            assertThat(Fixture.await(outbound.completion()))
                    .isInstanceOfSatisfying(
                            SendOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getMessage())
                                    .contains("digest of layer " + Fixture.FIRST_LAYER));
        }
    }

    /** Passes bytes on both ways; one byte of the first layer's payload is turned over. */
    private static void corrupt(ServerSocketChannel proxy, int port) {
        int inFirstPayload = BLOCK_BYTES;
        try (SocketChannel client = proxy.accept();
                SocketChannel server =
                        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
            Thread.ofVirtual().start(() -> pump(client, server, -1));
            pump(server, client, inFirstPayload);
        } catch (IOException e) {
            assertThat(e).as("proxy ended").isNotNull();
        }
    }

    private static void pump(SocketChannel from, SocketChannel to, long flipAt) {
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        long passed = 0;
        try {
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer.clear())) {
                buffer.flip();
                if (flipAt >= passed && flipAt < passed + count) {
                    int at = (int) (flipAt - passed);
                    buffer.put(at, (byte) ~buffer.get(at));
                }
                passed += count;
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
            }
            to.close();
        } catch (IOException e) {
            assertThat(e).as("connection ended").isNotNull();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void answersAWrongDigestWithANack(KvTransportKind kind) throws Exception {
        try (FakeSender sender = new FakeSender(prefillPool, kind, (channel, ticket) -> {
                    KvLayerDone done = layer(kind, ticket.getTicket()).build();
                    FakeSender.announce(
                            channel, done.toBuilder().setDigests(0, 12345).build());
                });
                KvReceiver receiver = Fixture.receiver(decodePool, Fixture.settings(kind))) {
            IncomingTransfer inbound =
                    receiver.fetch(ticket(prefillPool.identity().worker(), sender.port()));
            assertThat(Fixture.await(inbound.completion())).isInstanceOf(ReceiveOutcome.Failed.class);
            assertThat(Fixture.await(sender.lastWord()).getNack().getFailure().getMessage())
                    .contains("digest");
        }
    }

    private static KvLayerDone.Builder layer(KvTransportKind kind, long ticket) {
        return KvLayerDone.newBuilder()
                .setTicket(ticket)
                .setLayer(Fixture.FIRST_LAYER)
                .setFromBlock(0)
                .addSourceBlocks(1)
                .addDigests(0)
                .addDigests(0)
                .setPayloadBytes(kind == KvTransportKind.TCP ? BLOCK_BYTES : 0);
    }

    /** A message that an honest sender never sends. */
    enum Lie {
        LAYER_OUTSIDE(done -> done.setLayer(Fixture.FIRST_LAYER + 4)),
        LAYER_NEGATIVE(done -> done.setLayer(Fixture.FIRST_LAYER - 1)),
        BLOCK_OUTSIDE_THE_TICKET(done -> done.setFromBlock(2)),
        BLOCK_NEGATIVE(done -> done.setFromBlock(-1)),
        BLOCKS_SKIPPED(done -> done.setFromBlock(1)),
        MORE_BLOCKS_THAN_THE_TICKET(done -> done.addSourceBlocks(2)
                .addSourceBlocks(3)
                .addAllDigests(List.of(0L, 0L, 0L, 0L))
                .setPayloadBytes(3 * done.getPayloadBytes())),
        SOURCE_OUTSIDE_THE_POOL(done -> done.setSourceBlocks(0, 64)),
        SOURCE_NEGATIVE(done -> done.setSourceBlocks(0, -1)),
        PAYLOAD_TOO_LARGE(done -> done.setPayloadBytes(done.getPayloadBytes() + 8)),
        NO_DIGEST(done -> done.clearDigests()),
        HALF_A_DIGEST(done -> done.clearDigests().addDigests(0)),
        NO_SUCH_TICKET(done -> done.setTicket(done.getTicket() + 1)),
        NO_BLOCKS(done -> done.clearSourceBlocks().clearDigests().setPayloadBytes(0));

        private final UnaryOperator<KvLayerDone.Builder> change;

        Lie(UnaryOperator<KvLayerDone.Builder> change) {
            this.change = change;
        }
    }

    @ParameterizedTest
    @EnumSource(Lie.class)
    void endsTheSessionAndWritesNothingWhenASenderLies(Lie lie) throws Exception {
        for (KvTransportKind kind : List.of(KvTransportKind.SHARED_MEMORY, KvTransportKind.TCP)) {
            byte[] before =
                    Fixture.bytes(decodePool.region(), IntStream.range(0, 64).toArray());
            try (FakeSender sender = new FakeSender(
                            prefillPool,
                            kind,
                            (channel, ticket) -> FakeSender.announce(
                                    channel,
                                    lie.change
                                            .apply(layer(kind, ticket.getTicket()))
                                            .build()));
                    KvReceiver receiver = Fixture.receiver(decodePool, Fixture.settings(kind))) {
                IncomingTransfer inbound =
                        receiver.fetch(ticket(prefillPool.identity().worker(), sender.port()));
                assertThat(Fixture.await(inbound.completion()))
                        .isInstanceOfSatisfying(
                                ReceiveOutcome.Failed.class,
                                failed -> assertThat(failed.failure().getMessage())
                                        .contains("broke the protocol"));
                Fixture.await(inbound.quiescent());
            }
            assertThat(Fixture.bytes(decodePool.region(), IntStream.range(0, 64).toArray()))
                    .isEqualTo(before);
        }
    }

    @Test
    void aMessageThatIsTooLargeEndsTheSessionUnread() throws Exception {
        try (FakeSender sender = new FakeSender(
                        prefillPool,
                        KvTransportKind.TCP,
                        (channel, ticket) -> channel.write(KvMessage.newBuilder()
                                .setLayerDone(KvLayerDone.newBuilder().addAllDigests(Collections.nCopies(200_000, 1L)))
                                .build()));
                KvReceiver receiver = Fixture.receiver(decodePool, Fixture.settings(KvTransportKind.TCP))) {
            IncomingTransfer inbound =
                    receiver.fetch(ticket(prefillPool.identity().worker(), sender.port()));
            assertThat(Fixture.await(inbound.completion()))
                    .isInstanceOfSatisfying(
                            ReceiveOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getMessage()).contains("at most"));
        }
    }

    @Test
    void aReaderThatNeverReadsCostsTheSenderNoMemoryAndIsGivenUp() throws Exception {
        var settings = Fixture.settings(KvTransportKind.TCP);
        KvLayout large = KvLayout.uniform(8, 8, 64, Fixture.BLOCK_TOKENS, KvDtype.BF16, 256);
        try (SharedPool pool = SharedPool.create(folder, new PoolIdentity("large", 1, Fixture.FINGERPRINT, large));
                SharedPool own = SharedPool.create(folder, new PoolIdentity("idle", 1, Fixture.FINGERPRINT, large));
                KvSender sender = Fixture.sender(pool, settings);
                MessageChannel channel = new MessageChannel(
                        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), sender.port())),
                        TimeSource.system())) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("r"), 256 * Fixture.BLOCK_TOKENS);
            outbound.blocks(IntStream.range(0, 256).toArray(), 256 * Fixture.BLOCK_TOKENS);
            new Handshake(own, settings.secret(), settings.machine(), settings.transport(), true)
                    .open(channel, pool.identity().worker());
            long before = directMemory();
            channel.write(KvMessage.newBuilder()
                    .setCredit(KvCredit.newBuilder().setBytes(Long.MAX_VALUE / 2))
                    .build());
            channel.write(KvMessage.newBuilder()
                    .setTicket(KvTicket.newBuilder()
                            .setTicket(1)
                            .setRequestId("r")
                            .setAttempt(Fixture.key("r").toAttempt())
                            .setTokens(256 * Fixture.BLOCK_TOKENS)
                            .addAllBlocks(IntStream.range(0, 256).boxed().toList())
                            .setTransport(KvTransportKind.TCP))
                    .build());
            assertThat(Fixture.await(outbound.completion()))
                    .isInstanceOfSatisfying(
                            SendOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getMessage()).contains("silent"));
            assertThat(outbound.announcedBytes())
                    .as("fault not applied: the sender never had to wait")
                    .isPositive()
                    .isLessThan(large.bytes());
            assertThat(directMemory() - before).isLessThan(OutgoingTransfer.PIECE_BYTES / 4);
        }
    }

    private static long directMemory() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(buffers -> buffers.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }

    @Test
    void doesNotBelieveThatAllIsDoneBeforeItIs() throws Exception {
        try (FakeSender sender = new FakeSender(
                        prefillPool,
                        KvTransportKind.SHARED_MEMORY,
                        (channel, ticket) -> channel.write(KvMessage.newBuilder()
                                .setAllDone(KvAllDone.newBuilder().setTicket(ticket.getTicket()))
                                .build()));
                KvReceiver receiver = Fixture.receiver(decodePool, Fixture.settings(KvTransportKind.SHARED_MEMORY))) {
            IncomingTransfer inbound =
                    receiver.fetch(ticket(prefillPool.identity().worker(), sender.port()));
            assertThat(Fixture.await(inbound.completion())).isInstanceOf(ReceiveOutcome.Failed.class);
        }
    }
}
