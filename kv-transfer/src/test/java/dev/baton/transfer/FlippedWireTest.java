package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.BlockHash;
import dev.baton.kv.KvDigest;
import dev.baton.kv.KvDigester;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.TimeSource;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
        int flips = 0;
        try (KvSender sender = Fixture.sender(source, settings, new Cached(source));
                FlippingWire wire = new FlippingWire(sender.port(), random);
                KvReceiver receiver =
                        new KvReceiver(SessionContext.of(target, settings, counting, TimeSource.system()))) {
            for (int i = 0; i < TRANSFERS; i++) {
                boolean sound = i % SOUND == 0;
                int flippedBefore = wire.flipped.get();
                int failedBefore = failures.get();
                wire.arm(sound ? 0 : random.nextInt(1, 4));
                Fixture.fill(target.region(), 2);
                ReceiveOutcome outcome = i % 2 == 0 ? fetched(receiver, wire) : arrived(i, sender, receiver, wire);
                if (sound) {
                    assertThat(outcome).as("%d", i).isNotInstanceOf(ReceiveOutcome.Failed.class);
                    assertThat(Fixture.sameBytes(source.region(), SOURCE, target.region(), TARGET))
                            .isTrue();
                    continue;
                }
                flips++;
                assertThat(wire.flipped).as("fault not applied").hasValue(flippedBefore + 1);
                assertThat(outcome)
                        .as("%d", i)
                        .isInstanceOfSatisfying(
                                ReceiveOutcome.Failed.class,
                                failed -> assertThat(failed.failure().getMessage())
                                        .contains("digest of layer"));
                assertThat(failures).as("counted").hasValue(failedBefore + 1);
            }
        }
        assertThat(flips).isEqualTo(TRANSFERS - TRANSFERS / SOUND);
    }

    /** Full blocks by their names, with the digests of their making. */
    private ReceiveOutcome fetched(KvReceiver receiver, FlippingWire wire) throws Exception {
        return outcome(receiver.fetch(new FetchRequest(
                List.of(new BlockHash(77, 0), new BlockHash(77, 1)),
                TARGET,
                new PeerAddress(source.identity().worker(), "127.0.0.1", wire.port()),
                Fixture.PATIENCE,
                RequestTags.getDefaultInstance())));
    }

    /** A prompt by its ticket. */
    private ReceiveOutcome arrived(int i, KvSender sender, KvReceiver receiver, FlippingWire wire) throws Exception {
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

    /** A hop between receiver and sender that turns bits over in the KV that comes back, once when it is told to. */
    private static final class FlippingWire implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final RandomGenerator random;
        private final AtomicInteger flipped = new AtomicInteger();
        private final AtomicInteger skip = new AtomicInteger();
        private volatile int bits;
        private volatile long seen;
        private volatile long over;

        FlippingWire(int target, RandomGenerator random) throws IOException {
            this.random = random;
            Thread.ofVirtual().start(() -> accept(target));
        }

        /** So many bits are turned over in one announcement of the transfer that comes next; 0 for none. */
        void arm(int count) {
            over = seen; // Of a transfer that has failed, more may be under way.
            skip.set(random.nextInt(Fixture.LAYOUT.layers()));
            bits = count;
        }

        int port() {
            return listener.getLocalPort();
        }

        private void accept(int target) {
            while (!listener.isClosed()) {
                try {
                    Socket near = listener.accept();
                    Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
                    near.setTcpNoDelay(true);
                    far.setTcpNoDelay(true);
                    Thread.ofVirtual().start(() -> questions(near, far));
                    Thread.ofVirtual().start(() -> answers(far, near));
                } catch (IOException e) {
                    // The listener was closed, or the sender refuses: the receiver sees it.
                }
            }
        }

        private static void questions(Socket from, Socket to) {
            try (from;
                    to) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException e) {
                // One end has closed the session.
            }
        }

        /** Messages as they are, with their length before them; behind an announcement its KV. */
        private void answers(Socket from, Socket to) {
            try (from;
                    to;
                    DataInputStream in = new DataInputStream(from.getInputStream())) {
                OutputStream out = to.getOutputStream();
                while (true) {
                    byte[] message = new byte[in.readInt()];
                    in.readFully(message);
                    out.write(ByteBuffer.allocate(Integer.BYTES + message.length)
                            .putInt(message.length)
                            .put(message)
                            .array());
                    KvMessage parsed = KvMessage.parseFrom(message);
                    if (parsed.hasLayerDone()) {
                        byte[] kv = new byte[(int) parsed.getLayerDone().getPayloadBytes()];
                        in.readFully(kv);
                        seen = parsed.getLayerDone().getTicket();
                        if (seen != over) {
                            flip(kv);
                        }
                        out.write(kv);
                    }
                }
            } catch (IOException e) {
                // One end has closed the session.
            }
        }

        private void flip(byte[] kv) {
            int turned = bits;
            if (turned == 0 || skip.getAndDecrement() > 0) {
                return;
            }
            bits = 0;
            Set<Integer> places = new HashSet<>();
            while (places.size() < turned) {
                places.add(random.nextInt(8 * kv.length));
            }
            places.forEach(place -> kv[place / 8] ^= (byte) (1 << place % 8));
            flipped.incrementAndGet();
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }
}
