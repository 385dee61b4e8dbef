package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.BlockHash;
import dev.baton.kv.KvDigest;
import dev.baton.kv.KvDigester;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.stack.proxy.FaultProxy;
import dev.baton.stack.proxy.FramedFlips;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.TimeSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** KV whose bits change on the wire: whatever way it was asked for, none of it is taken, and each time is counted. */
class FlippedWireTest {
    private static final int TRANSFERS = 1_000;
    /** One in so many arrives as it was sent. */
    private static final int SOUND = 10;

    private static final int[] SOURCE = {7, 3};
    private static final int[] TARGET = {20, 21};

    @TempDir
    Path folder;

    private SharedPool source;
    private SharedPool target;

    @BeforeEach
    void open() throws IOException {
        source = Fixture.pool(folder.toRealPath(), "prefill-0", 1);
        target = Fixture.pool(folder.toRealPath(), "decode-0", 2);
        Fixture.fill(source.region(), 1);
    }

    @AfterEach
    void close() {
        source.close();
        target.close();
    }

    @Test
    void noFlippedBlockIsTakenAndEachIsCounted() throws Exception {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(3);
        AtomicInteger failures = new AtomicInteger();
        TransferListener counting = new TransferListener() {
            @Override
            public void failed(Failure failure) {
                failures.incrementAndGet();
            }
        };
        TransferSettings settings = Fixture.settings(KvTransportKind.TCP);
        FramedFlips flips = new FramedFlips(FlippedWireTest::kv, random);
        int flipped = 0;
        try (KvSender sender = Fixture.sender(source, settings, new Cached(source));
                FaultProxy wire = new FaultProxy(0, sender.port(), flips, 0);
                KvReceiver receiver =
                        new KvReceiver(SessionContext.of(target, settings, counting, TimeSource.system()))) {
            for (int i = 0; i < TRANSFERS; i++) {
                boolean sound = i % SOUND == 0;
                int flippedBefore = flips.flipped();
                int failedBefore = failures.get();
                flips.arm(sound ? 0 : random.nextInt(1, 4), random.nextInt(Fixture.LAYOUT.layers()));
                Fixture.fill(target.region(), 2);
                ReceiveOutcome outcome = i % 2 == 0 ? fetched(receiver, wire) : arrived(i, sender, receiver, wire);
                if (sound) {
                    assertThat(outcome).as("%d", i).isNotInstanceOf(ReceiveOutcome.Failed.class);
                    assertThat(Fixture.sameBytes(source.region(), SOURCE, target.region(), TARGET))
                            .isTrue();
                    continue;
                }
                flipped++;
                assertThat(flips.flipped()).as("fault not applied").isEqualTo(flippedBefore + 1);
                assertThat(outcome)
                        .as("%d", i)
                        .isInstanceOfSatisfying(
                                ReceiveOutcome.Failed.class,
                                failed -> assertThat(failed.failure().getMessage())
                                        .contains("digest of layer"));
                assertThat(failures).as("counted").hasValue(failedBefore + 1);
            }
        }
        assertThat(flipped).isEqualTo(TRANSFERS - TRANSFERS / SOUND);
    }

    /** Full blocks by their names, with the digests of their making. */
    private ReceiveOutcome fetched(KvReceiver receiver, FaultProxy wire) throws Exception {
        return outcome(receiver.fetch(new FetchRequest(
                List.of(new BlockHash(77, 0), new BlockHash(77, 1)),
                TARGET,
                new PeerAddress(source.identity().worker(), "127.0.0.1", wire.port()),
                Fixture.PATIENCE,
                RequestTags.getDefaultInstance())));
    }

    /** A prompt by its ticket. */
    private ReceiveOutcome arrived(int i, KvSender sender, KvReceiver receiver, FaultProxy wire) throws Exception {
        int tokens = SOURCE.length * Fixture.BLOCK_TOKENS;
        try (OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("prompt-" + i), tokens)) {
            outbound.blocks(SOURCE, tokens);
            outbound.completed(4711, 1);
            return outcome(receiver.fetch(new TicketRequest(
                    Fixture.key("prompt-" + i),
                    tokens,
                    TARGET,
                    source.identity().worker(),
                    "127.0.0.1",
                    wire.port(),
                    Fixture.PATIENCE)));
        }
    }

    private static ReceiveOutcome outcome(IncomingTransfer inbound) throws Exception {
        ReceiveOutcome outcome = Fixture.await(inbound.completion());
        Fixture.await(inbound.quiescent());
        return outcome;
    }

    /** A worker that caches the two source blocks. */
    private record Cached(SharedPool pool) implements NamedBlocks {
        @Override
        public CompletableFuture<Held> hold(List<BlockHash> names) {
            KvDigester digester = new KvDigester(Fixture.LAYOUT);
            return CompletableFuture.completedFuture(new Held() {
                @Override
                public int[] blocks() {
                    return SOURCE;
                }

                @Override
                public Optional<KvDigest> digest(int block, int layer) {
                    return Optional.of(
                            digester.of(layer, pool.region().layerBlock(layer, block), Fixture.BLOCK_TOKENS));
                }

                @Override
                public void letGo() {}
            });
        }
    }

    private static FramedFlips.Payload kv(byte[] message) throws IOException {
        KvMessage parsed = KvMessage.parseFrom(message);
        return parsed.hasLayerDone()
                ? new FramedFlips.Payload(
                        (int) parsed.getLayerDone().getPayloadBytes(),
                        parsed.getLayerDone().getTicket())
                : FramedFlips.Payload.NONE;
    }
}
