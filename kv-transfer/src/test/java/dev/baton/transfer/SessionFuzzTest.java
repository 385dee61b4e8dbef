package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.baton.kv.BlockHash;
import dev.baton.kv.KvDigest;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvAck;
import dev.baton.protocol.v1.KvAllDone;
import dev.baton.protocol.v1.KvCancel;
import dev.baton.protocol.v1.KvCancelled;
import dev.baton.protocol.v1.KvCredit;
import dev.baton.protocol.v1.KvFetch;
import dev.baton.protocol.v1.KvFound;
import dev.baton.protocol.v1.KvHello;
import dev.baton.protocol.v1.KvLayerDone;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvNack;
import dev.baton.protocol.v1.KvPing;
import dev.baton.protocol.v1.KvTicket;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.transfer.session.Handshake;
import dev.baton.transfer.session.MessageChannel;
import dev.baton.transfer.session.TimeSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Peers that know the secret and send messages without sense, by fixed seeds: nothing is held or reserved for ever, no session
 * hangs, and nothing is written where it should not be.
 */
@Timeout(200)
class SessionFuzzTest extends TwoPools {
    private static final int SEEDS = 80;
    private static final int MESSAGES = 14;
    private static final int TOKENS = 2 * Fixture.BLOCK_TOKENS;
    private static final int[] TARGET = {10, 20};

    /** Every name is found, in a block that is held until it is let go. */
    private static final class Everything implements NamedBlocks {
        private final AtomicInteger held = new AtomicInteger();
        private final AtomicInteger asked = new AtomicInteger();

        @Override
        public CompletableFuture<Held> hold(List<BlockHash> names) {
            held.incrementAndGet();
            asked.incrementAndGet();
            return CompletableFuture.completedFuture(new Held() {
                @Override
                public int[] blocks() {
                    return IntStream.range(0, names.size()).toArray();
                }

                @Override
                public Optional<KvDigest> digest(int block, int layer) {
                    return Optional.empty();
                }

                @Override
                public void letGo() {
                    held.decrementAndGet();
                }
            });
        }
    }

    /** As a ticket that was acknowledged before anything of it was announced did: it belonged to no session any more. */
    @Test
    void anAcknowledgementThatComesTooEarlyHoldsNothing() throws Exception {
        Everything named = new Everything();
        var settings = Fixture.settings(KvTransportKind.TCP);
        try (KvSender sender = Fixture.sender(prefillPool, settings, named)) {
            OutgoingTransfer.Prompt prompt = prompt(sender, "early");
            try (MessageChannel channel = connect(sender, settings)) {
                channel.write(ticket(1, "early", TOKENS, 2));
                channel.write(KvMessage.newBuilder()
                        .setAck(KvAck.newBuilder().setTicket(1))
                        .build());
                readToItsEnd(channel);
            }
            assertThat(Fixture.await(prompt.completion())).isInstanceOf(SendOutcome.Failed.class);
        }
    }

    @Test
    void noSenderHoldsBlocksForAReceiverWithoutSense() throws Exception {
        Everything named = new Everything();
        for (KvTransportKind kind : List.of(KvTransportKind.SHARED_MEMORY, KvTransportKind.TCP)) {
            var settings = Fixture.settings(kind);
            try (KvSender sender = Fixture.sender(prefillPool, settings, named)) {
                for (int seed = 0; seed < SEEDS; seed++) {
                    Random random = new Random(seed);
                    List<OutgoingTransfer.Prompt> prompts = new ArrayList<>();
                    for (int i = 0; i < 3; i++) {
                        prompts.add(prompt(sender, "r" + i));
                    }
                    receiverWithoutSense(sender, settings, kind, random);
                    for (OutgoingTransfer.Prompt prompt : prompts) {
                        if (!prompt.asked().isDone()) {
                            prompt.close();
                        }
                        assertThat(Fixture.await(prompt.completion()))
                                .as("seed %d", seed)
                                .isNotNull();
                    }
                }
                awaitNone(named.held);
                assertServes(sender, settings);
            }
        }
        assertThat(named.asked).as("fault not applied: blocks asked for").hasPositiveValue();
    }

    @Test
    void noReceiverKeepsBlocksReservedForASenderWithoutSense() throws Exception {
        int[] all = IntStream.range(0, 64).toArray();
        int[] others = Arrays.stream(all)
                .filter(block -> block != TARGET[0] && block != TARGET[1])
                .toArray();
        byte[] before = Fixture.bytes(decodePool.region(), others);
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            KvTransportKind kind = seed % 2 == 0 ? KvTransportKind.SHARED_MEMORY : KvTransportKind.TCP;
            try (FakeSender sender = new FakeSender(prefillPool, kind, (channel, ticket) -> {
                        for (int i = random.nextInt(MESSAGES); i >= 0; i--) {
                            say(channel, random, fromSender(random, kind, ticket.getTicket()));
                        }
                        channel.close();
                    });
                    KvReceiver receiver = Fixture.receiver(decodePool, Fixture.settings(kind))) {
                IncomingTransfer inbound = receiver.fetch(new TicketRequest(
                        Fixture.key("r"),
                        TOKENS,
                        TARGET,
                        prefillPool.identity().worker(),
                        "127.0.0.1",
                        sender.port(),
                        Fixture.PATIENCE));
                assertThat(Fixture.await(inbound.completion()))
                        .as("seed %d", seed)
                        .isNotNull();
                Fixture.await(inbound.quiescent());
            }
        }
        assertThat(Fixture.bytes(decodePool.region(), others)).isEqualTo(before);
    }

    private static OutgoingTransfer.Prompt prompt(KvSender sender, String request) {
        OutgoingTransfer.Prompt prompt = sender.open(Fixture.key(request), TOKENS);
        prompt.blocks(new int[] {1, 2}, TOKENS);
        prompt.completed(5, 1);
        return prompt;
    }

    private MessageChannel connect(KvSender sender, TransferSettings settings) throws IOException {
        MessageChannel channel = new MessageChannel(
                SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), sender.port())),
                TimeSource.system());
        new Handshake(decodePool, settings.secret(), settings.machine(), settings.transport(), true)
                .open(channel, prefillPool.identity().worker());
        return channel;
    }

    private void receiverWithoutSense(KvSender sender, TransferSettings settings, KvTransportKind kind, Random random)
            throws IOException {
        try (MessageChannel channel = connect(sender, settings)) {
            for (int i = random.nextInt(MESSAGES); i >= 0; i--) {
                say(channel, random, fromReceiver(random, kind));
            }
        } catch (IOException e) {
            assertThat(e).as("the sender has ended the session").isNotNull();
        }
    }

    /** Now and then with bytes behind it that are no message. */
    private static void say(MessageChannel channel, Random random, KvMessage message) throws IOException {
        byte[] more = new byte[random.nextInt(60) == 0 ? random.nextInt(200) : 0];
        random.nextBytes(more);
        channel.write(message, ByteBuffer.wrap(more));
    }

    private static KvMessage fromReceiver(Random random, KvTransportKind kind) {
        long id = random.nextInt(20) == 0 ? 0 : 1 + random.nextInt(4);
        return switch (random.nextInt(10)) {
            case 0, 1, 2 ->
                ticket(
                        id,
                        "r" + random.nextInt(4),
                        random.nextInt(4) > 0 ? TOKENS : number(random),
                        random.nextInt(4),
                        random.nextInt(5) > 0 ? kind : KvTransportKind.forNumber(random.nextInt(3)));
            case 3, 4 -> {
                int count = random.nextInt(4);
                int bytes = random.nextInt(6) == 0 ? random.nextInt(70) : count * BlockNames.BYTES;
                yield KvMessage.newBuilder()
                        .setFetch(KvFetch.newBuilder()
                                .setTicket(id)
                                .setNames(ByteString.copyFrom(new byte[bytes]))
                                .addAllBlocks(IntStream.range(0, count).boxed().toList())
                                .setTransport(kind))
                        .build();
            }
            case 5 -> credit(random.nextInt(6) == 0 ? random.nextLong() : random.nextInt(1 << 20));
            case 6 -> credit(1 << 18);
            case 7 ->
                KvMessage.newBuilder().setAck(KvAck.newBuilder().setTicket(id)).build();
            case 8 ->
                KvMessage.newBuilder()
                        .setCancel(KvCancel.newBuilder().setTicket(id))
                        .build();
            default -> anything(random, id);
        };
    }

    private static KvMessage fromSender(Random random, KvTransportKind kind, long asked) {
        long id = random.nextInt(4) > 0 ? asked : random.nextInt(5);
        return switch (random.nextInt(6)) {
            case 0, 1, 2 -> {
                int count = 1 + random.nextInt(2);
                long bytes = count * Fixture.LAYOUT.layerBlockBytes(0);
                KvLayerDone.Builder layer = KvLayerDone.newBuilder()
                        .setTicket(id)
                        .setLayer(random.nextInt(5) > 0 ? Fixture.FIRST_LAYER + random.nextInt(4) : number(random))
                        .setFromBlock(random.nextInt(4) > 0 ? 0 : number(random))
                        .setPayloadBytes(kind == KvTransportKind.TCP && random.nextInt(5) > 0 ? bytes : 0);
                for (int i = 0; i < count; i++) {
                    layer.addSourceBlocks(random.nextInt(6) > 0 ? random.nextInt(64) : number(random));
                    layer.addDigests(random.nextLong()).addDigests(random.nextLong());
                }
                yield KvMessage.newBuilder().setLayerDone(layer).build();
            }
            case 3 ->
                KvMessage.newBuilder()
                        .setAllDone(KvAllDone.newBuilder().setTicket(id).setFirstToken(number(random)))
                        .build();
            case 4 ->
                KvMessage.newBuilder()
                        .setFound(KvFound.newBuilder().setTicket(id).setBlocks(number(random)))
                        .build();
            default -> anything(random, id);
        };
    }

    private static KvMessage anything(Random random, long id) {
        KvMessage.Builder message = KvMessage.newBuilder();
        return switch (random.nextInt(6)) {
            case 0 ->
                message.setHello(KvHello.newBuilder().setVersion(number(random)))
                        .build();
            case 1 ->
                message.setNack(KvNack.newBuilder()
                                .setTicket(id)
                                .setFailure(Failure.newBuilder().setMessage("no")))
                        .build();
            case 2 ->
                message.setPing(KvPing.newBuilder().setReply(random.nextBoolean()))
                        .build();
            case 3 ->
                message.setCancelled(KvCancelled.newBuilder().setTicket(id)).build();
            case 4 -> message.setFound(KvFound.newBuilder().setTicket(id)).build();
            default -> message.build();
        };
    }

    private static KvMessage credit(long bytes) {
        return KvMessage.newBuilder()
                .setCredit(KvCredit.newBuilder().setBytes(bytes))
                .build();
    }

    private static KvMessage ticket(long id, String request, int tokens, int blocks) {
        return ticket(id, request, tokens, blocks, KvTransportKind.TCP);
    }

    private static KvMessage ticket(long id, String request, int tokens, int blocks, KvTransportKind kind) {
        return KvMessage.newBuilder()
                .setTicket(KvTicket.newBuilder()
                        .setTicket(id)
                        .setRequestId(request)
                        .setAttempt(Fixture.key(request).toAttempt())
                        .setTokens(tokens)
                        .addAllBlocks(IntStream.range(0, blocks).boxed().toList())
                        .setTransport(kind))
                .build();
    }

    private static int number(Random random) {
        int[] sharp = {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 63, 64};
        return random.nextBoolean() ? sharp[random.nextInt(sharp.length)] : random.nextInt();
    }

    private static void readToItsEnd(MessageChannel channel) {
        try {
            while (true) {
                channel.read(1 << 20);
            }
        } catch (IOException e) {
            assertThat(e).as("the session ends").isNotNull();
        }
    }

    /** What is held is let go on the threads of sessions that end. */
    private static void awaitNone(AtomicInteger held) throws InterruptedException {
        long end = System.nanoTime() + Fixture.PATIENCE.toNanos();
        while (held.get() != 0 && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        assertThat(held).hasValue(0);
    }

    private void assertServes(KvSender sender, TransferSettings settings) throws Exception {
        OutgoingTransfer.Prompt prompt = prompt(sender, "sound");
        try (KvReceiver receiver = Fixture.receiver(decodePool, settings)) {
            IncomingTransfer inbound = receiver.fetch(new TicketRequest(
                    Fixture.key("sound"),
                    TOKENS,
                    TARGET,
                    prefillPool.identity().worker(),
                    "127.0.0.1",
                    sender.port(),
                    Fixture.PATIENCE));
            assertThat(Fixture.await(inbound.completion())).isInstanceOf(ReceiveOutcome.Arrived.class);
            assertThat(Fixture.await(prompt.completion())).isInstanceOf(SendOutcome.Acknowledged.class);
        }
    }
}
