package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.transfer.pool.SharedPool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every transport does while nothing goes wrong, and when either side gives up. Both ends in this process. */
class TransferTest {
    private static final int TOKENS = 5 * Fixture.BLOCK_TOKENS + 3;
    private static final int[] SOURCE = {9, 3, 4, 5, 60, 1};
    private static final int[] TARGET = {0, 63, 7, 2, 30, 31};

    @TempDir
    Path folder;

    private SharedPool prefillPool;
    private SharedPool decodePool;

    @BeforeEach
    void pools() throws Exception {
        prefillPool = Fixture.pool(folder, "prefill-0", 1);
        decodePool = Fixture.pool(folder, "decode-0", 2);
        Fixture.fill(prefillPool.region(), 42);
    }

    @AfterEach
    void end() {
        prefillPool.close();
        decodePool.close();
    }

    private TicketRequest ticket(KvSender sender, String request, Duration timeout) {
        return new TicketRequest(
                Fixture.key(request),
                TOKENS,
                TARGET,
                prefillPool.identity().worker(),
                "127.0.0.1",
                sender.port(),
                timeout);
    }

    private TicketRequest ticket(KvSender sender, String request) {
        return ticket(sender, request, Fixture.PATIENCE);
    }

    private static void compute(OutgoingTransfer.Prompt outbound) {
        for (int from = 0; from < TOKENS; from += 32) {
            int to = Math.min(TOKENS, from + 32);
            for (int layer = 0; layer < Fixture.LAYOUT.layers(); layer++) {
                outbound.layerComputed(layer, from, to);
            }
        }
    }

    private void assertArrived(KvTransportKind kind, OutgoingTransfer.Prompt outbound, IncomingTransfer inbound)
            throws Exception {
        assertThat(Fixture.await(inbound.completion()))
                .isInstanceOfSatisfying(ReceiveOutcome.Arrived.class, arrived -> {
                    assertThat(arrived.firstToken()).isEqualTo(4711);
                    assertThat(arrived.transport()).isEqualTo(kind);
                    assertThat(arrived.bytes()).isEqualTo(Fixture.LAYOUT.blockBytes() * SOURCE.length);
                });
        Fixture.await(inbound.quiescent());
        assertThat(Fixture.await(outbound.completion()))
                .isInstanceOfSatisfying(
                        SendOutcome.Acknowledged.class,
                        sent -> assertThat(sent.bytes()).isEqualTo(Fixture.LAYOUT.blockBytes() * SOURCE.length));
        assertThat(Fixture.sameBytes(prefillPool.region(), SOURCE, decodePool.region(), TARGET))
                .isTrue();
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void movesEveryByteWhenTheTicketComesBeforeCompute(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("early"), TOKENS);
            IncomingTransfer inbound = receiver.fetch(ticket(sender, "early"));
            outbound.blocks(SOURCE, 16);
            compute(outbound);
            outbound.completed(4711, 1);
            assertArrived(kind, outbound, inbound);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void movesEveryByteWhenTheTicketComesAfterCompute(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("late"), TOKENS);
            outbound.blocks(SOURCE, TOKENS);
            outbound.completed(4711, 1);
            IncomingTransfer inbound = receiver.fetch(ticket(sender, "late"));
            assertArrived(kind, outbound, inbound);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void worksWithACreditOfASingleBlock(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind, Fixture.SECRET, 1);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("narrow"), TOKENS);
            outbound.blocks(SOURCE, TOKENS);
            outbound.completed(4711, 1);
            assertArrived(kind, outbound, receiver.fetch(ticket(sender, "narrow")));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void aReceiverThatHasTheFirstBlocksIsSentTheRestOnly(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("suffix"), TOKENS);
            int[] wanted = Arrays.copyOfRange(TARGET, 2, TARGET.length);
            IncomingTransfer inbound = receiver.fetch(new TicketRequest(
                    Fixture.key("suffix"),
                    TOKENS,
                    wanted,
                    prefillPool.identity().worker(),
                    "127.0.0.1",
                    sender.port(),
                    Fixture.PATIENCE));
            outbound.blocks(SOURCE, 0);
            compute(outbound);
            outbound.completed(4711, 1);
            assertThat(Fixture.await(inbound.completion()))
                    .isInstanceOfSatisfying(
                            ReceiveOutcome.Arrived.class,
                            arrived ->
                                    assertThat(arrived.bytes()).isEqualTo(Fixture.LAYOUT.blockBytes() * wanted.length));
            for (int layer = 0; layer < Fixture.LAYOUT.layers(); layer++) {
                for (int i = 2; i < SOURCE.length; i++) {
                    assertThat(decodePool
                                    .region()
                                    .layerBlock(layer, TARGET[i])
                                    .mismatch(prefillPool.region().layerBlock(layer, SOURCE[i])))
                            .isEqualTo(-1);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void servesManyTicketsOverOneSession(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            List<IncomingTransfer> inbounds = new ArrayList<>();
            List<OutgoingTransfer.Prompt> outbounds = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("r" + i), 4 * Fixture.BLOCK_TOKENS);
                outbound.blocks(IntStream.range(8 * i, 8 * i + 4).toArray(), 0);
                outbounds.add(outbound);
                inbounds.add(receiver.fetch(new TicketRequest(
                        Fixture.key("r" + i),
                        4 * Fixture.BLOCK_TOKENS,
                        IntStream.range(8 * i + 4, 8 * i + 8).toArray(),
                        prefillPool.identity().worker(),
                        "127.0.0.1",
                        sender.port(),
                        Fixture.PATIENCE)));
            }
            for (OutgoingTransfer.Prompt outbound : outbounds) {
                outbound.completed(1, 1);
            }
            for (int i = 0; i < 8; i++) {
                assertThat(Fixture.await(inbounds.get(i).completion())).isInstanceOf(ReceiveOutcome.Arrived.class);
                assertThat(Fixture.sameBytes(
                                prefillPool.region(),
                                IntStream.range(8 * i, 8 * i + 4).toArray(),
                                decodePool.region(),
                                IntStream.range(8 * i + 4, 8 * i + 8).toArray()))
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void writesNothingIntoBlocksOfACancelledTicket(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("cancelled"), TOKENS);
            outbound.blocks(SOURCE, 16);
            IncomingTransfer inbound = receiver.fetch(ticket(sender, "cancelled"));
            await(() -> Fixture.sameBytes(
                    prefillPool.region(), Arrays.copyOf(SOURCE, 1), decodePool.region(), Arrays.copyOf(TARGET, 1)));

            inbound.cancel();
            Fixture.await(inbound.quiescent());
            byte[] before = Fixture.bytes(decodePool.region(), TARGET);
            compute(outbound);
            outbound.completed(4711, 1);

            assertThat(Fixture.await(inbound.completion()))
                    .isInstanceOfSatisfying(
                            ReceiveOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getCode()).isEqualTo(Failure.Code.CANCELLED));
            assertThat(Fixture.await(outbound.completion()))
                    .isInstanceOfSatisfying(
                            SendOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getCode()).isEqualTo(Failure.Code.CANCELLED));
            // The session goes on: what it still carried has been dropped once another transfer is through.
            OutgoingTransfer.Prompt next = sender.open(Fixture.key("next"), Fixture.BLOCK_TOKENS);
            next.blocks(new int[] {1}, Fixture.BLOCK_TOKENS);
            next.completed(1, 1);
            assertThat(Fixture.await(receiver.fetch(new TicketRequest(
                                    Fixture.key("next"),
                                    Fixture.BLOCK_TOKENS,
                                    new int[] {50},
                                    prefillPool.identity().worker(),
                                    "127.0.0.1",
                                    sender.port(),
                                    Fixture.PATIENCE))
                            .completion()))
                    .isInstanceOf(ReceiveOutcome.Arrived.class);
            assertThat(Fixture.bytes(decodePool.region(), TARGET)).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void tellsTheReceiverWhyPrefillFailed(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("fails"), TOKENS);
            IncomingTransfer inbound = receiver.fetch(ticket(sender, "fails"));
            outbound.failed(Failures.of(Failure.Code.ENGINE_FAILED, "not a number in layer 3"));
            assertThat(Fixture.await(inbound.completion()))
                    .isEqualTo(new ReceiveOutcome.Failed(
                            Failures.of(Failure.Code.ENGINE_FAILED, "not a number in layer 3")));
            Fixture.await(inbound.quiescent());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void givesUpAtTheTicketsDeadline(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("slow"), TOKENS);
            IncomingTransfer inbound = receiver.fetch(ticket(sender, "slow", Duration.ofMillis(300)));
            assertThat(Fixture.await(inbound.completion()))
                    .isInstanceOfSatisfying(
                            ReceiveOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getCode()).isEqualTo(Failure.Code.DEADLINE_EXCEEDED));
            assertThat(Fixture.await(outbound.completion())).isInstanceOf(SendOutcome.Failed.class);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void refusesATicketForAnUnknownRequest(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            IncomingTransfer inbound = receiver.fetch(ticket(sender, "never opened"));
            assertThat(Fixture.await(inbound.completion()))
                    .isInstanceOfSatisfying(
                            ReceiveOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getCode()).isEqualTo(Failure.Code.UNKNOWN_REQUEST));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvTransportKind.class,
            names = {"SHARED_MEMORY", "TCP"})
    void failsWhatIsOpenWhenTheSenderShutsDown(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            IncomingTransfer inbound;
            OutgoingTransfer.Prompt leaving;
            try (KvSender sender = Fixture.sender(prefillPool, settings)) {
                OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("open"), TOKENS);
                inbound = receiver.fetch(ticket(sender, "open"));
                outbound.blocks(SOURCE, 16);
                await(() -> outbound.announcedBytes() > 0);
                leaving = outbound;
            }
            assertThat(Fixture.await(leaving.completion()))
                    .isInstanceOfSatisfying(
                            SendOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getCode()).isEqualTo(Failure.Code.SHUTTING_DOWN));
            assertThat(Fixture.await(inbound.completion())).isInstanceOf(ReceiveOutcome.Failed.class);
            Fixture.await(inbound.quiescent());
        }
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + Fixture.PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("condition in time").isLessThan(end);
            LockSupport.parkNanos(1_000_000);
        }
    }
}
