package dev.baton.transfer;

import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.transfer.pool.SharedPool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** One end of a transfer in a JVM of its own, so that it can be killed and frozen. */
final class PeerProcess {
    static final String REQUEST = "across processes";
    static final int BLOCKS = 32;
    static final int TOKENS = BLOCKS * Fixture.BLOCK_TOKENS;
    static final int[] SOURCE = IntStream.range(0, BLOCKS).toArray();
    static final int[] TARGET = IntStream.range(BLOCKS, 2 * BLOCKS).toArray();
    static final long SEED = 5;

    private PeerProcess() {}

    static ChildJvm sender(Path folder, KvTransportKind kind) throws IOException {
        return start("sender", folder.toString(), kind.name());
    }

    static ChildJvm receiver(Path folder, KvTransportKind kind, int port) throws IOException {
        return start("receiver", folder.toString(), kind.name(), Integer.toString(port));
    }

    private static ChildJvm start(String... arguments) throws IOException {
        return ChildJvm.start(PeerProcess.class, List.of("-XX:TieredStopAtLevel=1", "-Xmx128m"), List.of(arguments));
    }

    public static void main(String[] args) throws Exception {
        KvTransportKind kind = KvTransportKind.valueOf(args[2]);
        Path folder = Path.of(args[1]);
        if (args[0].equals("sender")) {
            send(folder, kind);
        } else {
            receive(folder, kind, Integer.parseInt(args[3]));
        }
    }

    /** Half of the prompt is there at once; then a token every two milliseconds, so that a fault always hits in the middle. */
    private static void send(Path folder, KvTransportKind kind) throws Exception {
        try (SharedPool pool = Fixture.pool(folder, "prefill-0", 1);
                KvSender sender = Fixture.sender(pool, Fixture.settings(kind))) {
            Fixture.fill(pool.region(), SEED);
            OutgoingTransfer.Prompt outbound = sender.open(Fixture.key(REQUEST), TOKENS);
            var told = outbound.completion().thenAccept(outcome -> ChildJvm.say("outcome " + outcome));
            ChildJvm.say("port " + sender.port());
            outbound.blocks(SOURCE, TOKENS / 2);
            for (int token = TOKENS / 2; token < TOKENS - 1 || !told.isDone(); token++) {
                int to = Math.min(token + 1, TOKENS - 1);
                for (int layer = 0; layer < Fixture.LAYOUT.layers(); layer++) {
                    outbound.layerComputed(layer, Math.min(token, to), to);
                }
                LockSupport.parkNanos(2_000_000);
            }
        }
    }

    private static void receive(Path folder, KvTransportKind kind, int port) throws Exception {
        try (SharedPool pool = Fixture.pool(folder, "decode-0", 2);
                KvReceiver receiver = Fixture.receiver(pool, Fixture.settings(kind))) {
            IncomingTransfer inbound = receiver.fetch(new TicketRequest(
                    Fixture.key(REQUEST),
                    TOKENS,
                    TARGET,
                    WorkerRef.newBuilder().setId("prefill-0").setEpoch(1).build(),
                    "127.0.0.1",
                    port,
                    Fixture.PATIENCE));
            ChildJvm.say("asked " + Fixture.key(REQUEST));
            ChildJvm.say("outcome " + Fixture.await(inbound.completion()));
        }
    }
}
