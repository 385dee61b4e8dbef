package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.LayerGroup;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.transfer.pool.PoolIdentity;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.TimeSource;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whom a session refuses. */
class DistrustTest extends TwoPools {
    private static final int TOKENS = 2 * Fixture.BLOCK_TOKENS;
    private static final int[] TARGET = {10, 20};

    private static TicketRequest ticket(WorkerRef source, int port) {
        return new TicketRequest(Fixture.key("r"), TOKENS, TARGET, source, "127.0.0.1", port, Fixture.PATIENCE);
    }

    private Failure fetch(TransferSettings sending, TransferSettings receiving, SharedPool into, WorkerRef source)
            throws Exception {
        byte[] before = Fixture.bytes(into.region(), TARGET);
        try (KvSender sender = Fixture.sender(prefillPool, sending);
                KvReceiver receiver = Fixture.receiver(into, receiving)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("r"), TOKENS);
            outbound.blocks(new int[] {1, 2}, TOKENS);
            outbound.completed(1, 1);
            ReceiveOutcome outcome =
                    Fixture.await(receiver.fetch(ticket(source, sender.port())).completion());
            assertThat(outcome).isInstanceOf(ReceiveOutcome.Failed.class);
            assertThat(Fixture.bytes(into.region(), TARGET)).isEqualTo(before);
            assertThat(outbound.announcedBytes()).isZero();
            return ((ReceiveOutcome.Failed) outcome).failure();
        }
    }

    @Test
    void refusesAPeerWithAnotherSecret() throws Exception {
        Failure failure = fetch(
                Fixture.settings(KvTransportKind.TCP),
                Fixture.settings(KvTransportKind.TCP, "not the secret of the cluster", 1 << 20),
                decodePool,
                prefillPool.identity().worker());
        assertThat(failure.getMessage()).contains("does not know our secret");
    }

    @Test
    void listensBeyondLoopbackOnlyWithASecret() {
        assertThatThrownBy(() -> new KvExchange(
                        prefillPool,
                        new InetSocketAddress("0.0.0.0", 0),
                        Fixture.settings(KvTransportKind.TCP, "", 1 << 20),
                        TransferListener.NONE,
                        TimeSource.system(),
                        NamedBlocks.NONE))
                .hasMessageContaining("baton.cluster.secret");
    }

    @Test
    void refusesAPeerWithoutASecretWhenOneIsSet() throws Exception {
        Failure failure = fetch(
                Fixture.settings(KvTransportKind.TCP),
                Fixture.settings(KvTransportKind.TCP, "", 1 << 20),
                decodePool,
                prefillPool.identity().worker());
        assertThat(failure.getMessage()).contains("does not know our secret");
    }

    @Test
    void refusesAnotherEpochOfTheWorker() throws Exception {
        WorkerRef dead =
                prefillPool.identity().worker().toBuilder().setEpoch(999).build();
        Failure failure =
                fetch(Fixture.settings(KvTransportKind.TCP), Fixture.settings(KvTransportKind.TCP), decodePool, dead);
        assertThat(failure.getCode()).isEqualTo(Failure.Code.SUPERSEDED);
    }

    @Test
    void refusesAnotherModel() throws Exception {
        try (SharedPool other = SharedPool.create(folder, new PoolIdentity("decode-1", 1, 666, Fixture.LAYOUT))) {
            Failure failure = fetch(
                    Fixture.settings(KvTransportKind.TCP),
                    Fixture.settings(KvTransportKind.TCP),
                    other,
                    prefillPool.identity().worker());
            assertThat(failure.getCode()).isEqualTo(Failure.Code.MODEL_MISMATCH);
        }
    }

    @Test
    void refusesAnotherArithmeticAndNamesBoth() throws Exception {
        PoolIdentity identity =
                new PoolIdentity("decode-1", 1, Fixture.FINGERPRINT, "int8 weights, f32 arithmetic", Fixture.LAYOUT);
        try (SharedPool other = SharedPool.create(folder, identity)) {
            Failure failure = fetch(
                    Fixture.settings(KvTransportKind.TCP),
                    Fixture.settings(KvTransportKind.TCP),
                    other,
                    prefillPool.identity().worker());
            assertThat(failure.getCode()).isEqualTo(Failure.Code.MODEL_MISMATCH);
            assertThat(failure.getMessage())
                    .contains("int8 weights, f32 arithmetic")
                    .contains(Fixture.ARITHMETIC);
        }
    }

    static Stream<Arguments> otherLayouts() {
        LayerGroup ours = Fixture.LAYOUT.groups().getFirst();
        LayerGroup otherHeads =
                new LayerGroup(ours.firstLayer(), ours.layers(), 0, ours.kvHeads(), ours.keyDim(), ours.valueDim(), 0);
        return Stream.of(
                arguments(
                        new KvLayout(List.of(otherHeads), Fixture.BLOCK_TOKENS, KvDtype.BF16, false, 64, 0, 8),
                        "heads 0-1"),
                arguments(
                        KvLayout.uniform(4, 2, 64, 2 * Fixture.BLOCK_TOKENS, KvDtype.BF16, 64),
                        "blocks of %d tokens".formatted(2 * Fixture.BLOCK_TOKENS)),
                arguments(Fixture.LAYOUT.withTurnedKeys(), "turned keys"));
    }

    @ParameterizedTest
    @MethodSource("otherLayouts")
    void refusesAnotherLayoutAndNamesWhatDiffers(KvLayout layout, String named) throws Exception {
        try (SharedPool other = SharedPool.create(
                        folder, new PoolIdentity("decode-1", 1, Fixture.FINGERPRINT, Fixture.ARITHMETIC, layout));
                KvSender sender = Fixture.sender(prefillPool, Fixture.settings(KvTransportKind.TCP));
                KvReceiver receiver = Fixture.receiver(other, Fixture.settings(KvTransportKind.TCP))) {
            ReceiveOutcome outcome = Fixture.await(receiver.fetch(new TicketRequest(
                            Fixture.key("r"),
                            TOKENS,
                            new int[] {1},
                            prefillPool.identity().worker(),
                            "127.0.0.1",
                            sender.port(),
                            Fixture.PATIENCE))
                    .completion());
            assertThat(outcome).isInstanceOfSatisfying(ReceiveOutcome.Failed.class, failed -> {
                assertThat(failed.failure().getCode()).isEqualTo(Failure.Code.MODEL_MISMATCH);
                assertThat(failed.failure().getMessage()).contains(named);
            });
        }
    }

    @Test
    void refusesATicketOfAnotherLength() throws Exception {
        var settings = Fixture.settings(KvTransportKind.TCP);
        try (KvSender sender = Fixture.sender(prefillPool, settings);
                KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("r"), 3 * Fixture.BLOCK_TOKENS);
            ReceiveOutcome outcome =
                    Fixture.await(receiver.fetch(ticket(prefillPool.identity().worker(), sender.port()))
                            .completion());
            assertThat(outcome)
                    .isInstanceOfSatisfying(
                            ReceiveOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getCode()).isEqualTo(Failure.Code.BAD_REQUEST));
            assertThat(outbound.completion()).isNotDone();
        }
    }
}
