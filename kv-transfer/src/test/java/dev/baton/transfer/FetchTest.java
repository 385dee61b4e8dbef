package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.kv.BlockHash;
import dev.baton.kv.KvDigest;
import dev.baton.kv.KvDigester;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.transfer.pool.SharedPool;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Blocks by name, from one worker's pool into reserved blocks of another's. */
class FetchTest {
    private static final int[] SOURCE = {7, 3, 11};
    private static final int[] TARGET = {20, 21, 22, 23, 24};

    @TempDir
    Path folder;

    private SharedPool source;
    private SharedPool target;
    private Cache cache;

    @BeforeEach
    void open() throws IOException {
        source = Fixture.pool(folder.toRealPath(), "prefill-0", 1);
        target = Fixture.pool(folder.toRealPath(), "decode-0", 2);
        Fixture.fill(source.region(), 1);
        cache = new Cache(source);
    }

    @AfterEach
    void close() {
        source.close();
        target.close();
    }

    private static BlockHash name(int index) {
        return new BlockHash(77, index);
    }

    private static List<BlockHash> names(int count) {
        return IntStream.range(0, count).mapToObj(FetchTest::name).toList();
    }

    /** A worker that caches the first three blocks of a sequence, with the digests that they had when they were made. */
    private static final class Cache implements NamedBlocks {
        private final Map<BlockHash, Integer> byName =
                Map.of(name(0), SOURCE[0], name(1), SOURCE[1], name(2), SOURCE[2]);
        private final KvDigest[][] stored;
        private final AtomicInteger held = new AtomicInteger();
        private final CompletableFuture<Void> asked = new CompletableFuture<>();

        Cache(SharedPool pool) {
            KvDigester digester = new KvDigester(Fixture.LAYOUT);
            stored = new KvDigest[Fixture.LAYOUT.blocks()][Fixture.LAYOUT.layers()];
            for (int block : SOURCE) {
                for (int layer = 0; layer < Fixture.LAYOUT.layers(); layer++) {
                    stored[block][layer] =
                            digester.of(layer, pool.region().layerBlock(layer, block), Fixture.BLOCK_TOKENS);
                }
            }
        }

        @Override
        public CompletableFuture<Held> hold(List<BlockHash> names) {
            int[] found = names.stream()
                    .takeWhile(byName::containsKey)
                    .mapToInt(byName::get)
                    .toArray();
            held.incrementAndGet();
            asked.complete(null);
            return CompletableFuture.completedFuture(new Held() {
                @Override
                public int[] blocks() {
                    return found;
                }

                @Override
                public Optional<KvDigest> digest(int block, int layer) {
                    return Optional.of(stored[block][layer]);
                }

                @Override
                public void letGo() {
                    held.decrementAndGet();
                }
            });
        }
    }

    private FetchRequest request(int count, int port, Duration timeout) {
        return new FetchRequest(
                names(count),
                Arrays.copyOf(TARGET, count),
                new PeerAddress(source.identity().worker(), "127.0.0.1", port),
                timeout,
                RequestTags.getDefaultInstance());
    }

    private ReceiveOutcome fetch(KvTransportKind kind, int count) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvSender sender = Fixture.sender(source, settings, cache);
                KvReceiver receiver = Fixture.receiver(target, settings)) {
            IncomingTransfer inbound = receiver.fetch(request(count, sender.port(), Fixture.PATIENCE));
            ReceiveOutcome outcome = Fixture.await(inbound.completion());
            Fixture.await(inbound.quiescent());
            return outcome;
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SHARED_MEMORY", "TCP"})
    void bringsTheBlocksThatAreThereAndSaysHowMany(KvTransportKind kind) throws Exception {
        assertThat(fetch(kind, 5)).isInstanceOfSatisfying(ReceiveOutcome.Found.class, found -> {
            assertThat(found.blocks()).isEqualTo(3);
            assertThat(found.transport()).isEqualTo(kind);
            assertThat(found.bytes()).isEqualTo(3 * Fixture.LAYOUT.blockBytes());
        });
        assertThat(Fixture.sameBytes(source.region(), SOURCE, target.region(), Arrays.copyOf(TARGET, 3)))
                .isTrue();
        assertThat(cache.held)
                .as("let go after the acknowledgement, or with the session")
                .hasValue(0);
    }

    /** A credit of two layer-blocks: each announcement waits for what was taken over before it. */
    @Test
    void staysWithinTheCredit() throws Exception {
        var settings = Fixture.settings(KvTransportKind.TCP, Fixture.SECRET, 1);
        try (KvSender sender = Fixture.sender(source, settings, cache);
                KvReceiver receiver = Fixture.receiver(target, settings)) {
            IncomingTransfer inbound = receiver.fetch(request(3, sender.port(), Fixture.PATIENCE));
            assertThat(Fixture.await(inbound.completion())).isInstanceOf(ReceiveOutcome.Found.class);
            assertThat(Fixture.sameBytes(source.region(), SOURCE, target.region(), Arrays.copyOf(TARGET, 3)))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SHARED_MEMORY", "TCP"})
    void saysAtOnceThatNothingIsThere(KvTransportKind kind) throws Exception {
        var settings = Fixture.settings(kind);
        try (KvSender sender = Fixture.sender(source, settings, NamedBlocks.NONE);
                KvReceiver receiver = Fixture.receiver(target, settings)) {
            ReceiveOutcome outcome = Fixture.await(
                    receiver.fetch(request(2, sender.port(), Fixture.PATIENCE)).completion());
            assertThat(outcome)
                    .isInstanceOfSatisfying(
                            ReceiveOutcome.Found.class,
                            found -> assertThat(found.blocks()).isZero());
        }
    }

    /** The digest is the one of the block's making, so that it tells even where the source sends what it now reads. */
    @ParameterizedTest
    @EnumSource(names = {"SHARED_MEMORY", "TCP"})
    void refusesABlockOfWhichABitHasChangedInTheSourcesCache(KvTransportKind kind) throws Exception {
        var block = source.region().layerBlock(2, SOURCE[1]);
        block.set(ValueLayout.JAVA_BYTE, 100, (byte) (block.get(ValueLayout.JAVA_BYTE, 100) ^ 0x40));
        assertThat(fetch(kind, 3))
                .isInstanceOfSatisfying(
                        ReceiveOutcome.Failed.class,
                        failed -> assertThat(failed.failure().getMessage())
                                .contains("digest of layer " + (Fixture.FIRST_LAYER + 2)));
    }

    @Test
    void aFetchThatIsCancelledLetsTheBlocksGo() throws Exception {
        CompletableFuture<NamedBlocks.Held> late = new CompletableFuture<>();
        var settings = Fixture.settings(KvTransportKind.TCP);
        CompletableFuture<Void> asked = new CompletableFuture<>();
        try (KvSender sender = Fixture.sender(source, settings, names -> {
                    asked.complete(null);
                    return late;
                });
                KvReceiver receiver = Fixture.receiver(target, settings)) {
            IncomingTransfer inbound = receiver.fetch(request(3, sender.port(), Fixture.PATIENCE));
            Fixture.await(asked);
            inbound.cancel();
            Fixture.await(inbound.quiescent());
        }
        late.complete(Fixture.await(cache.hold(names(3))));
        assertThat(cache.held).hasValue(0);
    }

    @Test
    void aFetchThatIsLateFailsAndSaysSo() throws Exception {
        var settings = Fixture.settings(KvTransportKind.TCP);
        try (KvSender sender = Fixture.sender(source, settings, names -> new CompletableFuture<>());
                KvReceiver receiver = Fixture.receiver(target, settings)) {
            IncomingTransfer inbound = receiver.fetch(request(3, sender.port(), Duration.ofMillis(50)));
            assertThat(Fixture.await(inbound.completion()))
                    .isInstanceOfSatisfying(
                            ReceiveOutcome.Failed.class,
                            failed -> assertThat(failed.failure().getCode()).isEqualTo(Failure.Code.DEADLINE_EXCEEDED));
        }
    }

    @Test
    void servesTicketsAndFetchesInOneSession() throws Exception {
        var settings = Fixture.settings(KvTransportKind.TCP);
        try (KvSender sender = Fixture.sender(source, settings, cache);
                KvReceiver receiver = Fixture.receiver(target, settings)) {
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key("prompt"), 2 * Fixture.BLOCK_TOKENS);
            IncomingTransfer ticket = receiver.fetch(new TicketRequest(
                    Fixture.key("prompt"),
                    2 * Fixture.BLOCK_TOKENS,
                    new int[] {30, 31},
                    source.identity().worker(),
                    "127.0.0.1",
                    sender.port(),
                    Fixture.PATIENCE));
            IncomingTransfer named = receiver.fetch(request(3, sender.port(), Fixture.PATIENCE));
            assertThat(Fixture.await(named.completion())).isInstanceOf(ReceiveOutcome.Found.class);
            outbound.blocks(new int[] {1, 2}, 2 * Fixture.BLOCK_TOKENS);
            outbound.completed(4711, 1);
            assertThat(Fixture.await(ticket.completion())).isInstanceOf(ReceiveOutcome.Arrived.class);
        }
    }

    @Test
    void takesNoBlockTwiceAndNoneOutsideThePool() throws Exception {
        try (KvReceiver receiver = Fixture.receiver(target, Fixture.settings(KvTransportKind.TCP))) {
            for (int[] blocks : List.of(new int[] {1, 1}, new int[] {1, Fixture.LAYOUT.blocks()})) {
                FetchRequest wrong = new FetchRequest(
                        names(2),
                        blocks,
                        new PeerAddress(source.identity().worker(), "127.0.0.1", 1),
                        Fixture.PATIENCE,
                        RequestTags.getDefaultInstance());
                assertThatThrownBy(() -> receiver.fetch(wrong)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }
}
