package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.transfer.pool.SharedPool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every transport does when the other process dies or freezes in the middle of a transfer. */
class TransportContractIT {
    private static final Duration BOUND = Duration.ofSeconds(6);

    @TempDir
    Path folder;

    private SharedPool pool;
    private SharedPool reference;

    @BeforeEach
    void pools() throws Exception {
        pool = Fixture.pool(folder, "here", 3);
        reference = Fixture.pool(folder, "reference", 4);
        Fixture.fill(reference.region(), PeerProcess.SEED);
    }

    @AfterEach
    void end() {
        pool.close();
        reference.close();
    }

    private IncomingTransfer fetchHalf(KvReceiver receiver, int port) {
        IncomingTransfer inbound = receiver.fetch(new TicketRequest(
                Fixture.key(PeerProcess.REQUEST),
                PeerProcess.TOKENS,
                PeerProcess.TARGET,
                WorkerRef.newBuilder().setId("prefill-0").setEpoch(1).build(),
                "127.0.0.1",
                port,
                Fixture.PATIENCE));
        int half = PeerProcess.BLOCKS / 2;
        await(() -> inbound.completion().isDone()
                || Fixture.sameBytes(
                        reference.region(),
                        Arrays.copyOf(PeerProcess.SOURCE, half),
                        pool.region(),
                        Arrays.copyOf(PeerProcess.TARGET, half)));
        assertThat(inbound.completion())
                .as("fault not applied: it had ended, %s", inbound.completion())
                .isNotDone();
        return inbound;
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void aSenderKilledInTheMiddleFailsTheTransferWithinABound(KvTransportKind kind) throws Exception {
        try (ChildJvm peer = PeerProcess.sender(folder, kind);
                KvReceiver receiver = Fixture.receiver(pool, Fixture.settings(kind))) {
            IncomingTransfer inbound = fetchHalf(receiver, Integer.parseInt(peer.await("port")));
            long killed = System.nanoTime();
            peer.kill();
            assertThat(Fixture.await(inbound.completion())).isInstanceOf(ReceiveOutcome.Failed.class);
            Fixture.await(inbound.quiescent());
            assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(BOUND);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void aFrozenSenderTimesOutAndCannotTouchLiveBlocksWhenItWakes(KvTransportKind kind) throws Exception {
        try (ChildJvm peer = PeerProcess.sender(folder, kind);
                KvReceiver receiver = Fixture.receiver(pool, Fixture.settings(kind))) {
            IncomingTransfer inbound = fetchHalf(receiver, Integer.parseInt(peer.await("port")));
            long frozen = System.nanoTime();
            peer.freeze();
            assertThat(Fixture.await(inbound.completion())).isInstanceOf(ReceiveOutcome.Failed.class);
            Fixture.await(inbound.quiescent());
            assertThat(Duration.ofNanos(System.nanoTime() - frozen)).isLessThan(BOUND);

            Fixture.fill(pool.region(), 99);
            byte[] live = Fixture.bytes(pool.region(), PeerProcess.TARGET);
            peer.thaw();
            assertThat(peer.await("outcome")).contains("Failed");
            assertThat(Fixture.bytes(pool.region(), PeerProcess.TARGET)).isEqualTo(live);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void aReceiverKilledInTheMiddleReleasesTheSendersBlocks(KvTransportKind kind) throws Exception {
        SharedPool own = Fixture.pool(folder, "prefill-0", 1);
        try (own;
                KvSender sender = Fixture.sender(own, Fixture.settings(kind))) {
            OutgoingTransfer.Prompt outbound = halfSent(sender, own);
            try (ChildJvm peer = PeerProcess.receiver(folder, kind, sender.port())) {
                peer.await("asked");
                await(() -> outbound.announcedBytes() >= Fixture.LAYOUT.blockBytes());
                long killed = System.nanoTime();
                peer.kill();
                assertThat(Fixture.await(outbound.completion())).isInstanceOf(SendOutcome.Failed.class);
                assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(BOUND);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void aFrozenReceiverIsGivenUpWithinABound(KvTransportKind kind) throws Exception {
        SharedPool own = Fixture.pool(folder, "prefill-0", 1);
        try (own;
                KvSender sender = Fixture.sender(own, Fixture.settings(kind))) {
            OutgoingTransfer.Prompt outbound = halfSent(sender, own);
            try (ChildJvm peer = PeerProcess.receiver(folder, kind, sender.port())) {
                peer.await("asked");
                await(() -> outbound.announcedBytes() >= Fixture.LAYOUT.blockBytes());
                long frozen = System.nanoTime();
                peer.freeze();
                outbound.completed(1, 1);
                assertThat(Fixture.await(outbound.completion())).isInstanceOf(SendOutcome.Failed.class);
                assertThat(Duration.ofNanos(System.nanoTime() - frozen)).isLessThan(BOUND);
                peer.thaw();
                assertThat(peer.await("outcome")).contains("Failed");
            }
        }
    }

    private static OutgoingTransfer.Prompt halfSent(KvSender sender, SharedPool own) {
        Fixture.fill(own.region(), PeerProcess.SEED);
        OutgoingTransfer.Prompt outbound = sender.open(Fixture.key(PeerProcess.REQUEST), PeerProcess.TOKENS);
        outbound.blocks(PeerProcess.SOURCE, PeerProcess.TOKENS / 2);
        return outbound;
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + Fixture.PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("condition in time").isLessThan(end);
            LockSupport.parkNanos(1_000_000);
        }
    }
}
