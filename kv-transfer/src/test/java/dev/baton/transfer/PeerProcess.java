package dev.baton.transfer;

import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.transfer.pool.SharedPool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** One end of a transfer in a JVM of its own, so that it can be killed and frozen. Speaks lines on stdout. */
final class PeerProcess implements AutoCloseable {
    static final String REQUEST = "across processes";
    static final int BLOCKS = 32;
    static final int TOKENS = BLOCKS * Fixture.BLOCK_TOKENS;
    static final int[] SOURCE = IntStream.range(0, BLOCKS).toArray();
    static final int[] TARGET = IntStream.range(BLOCKS, 2 * BLOCKS).toArray();
    static final long SEED = 5;

    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    private PeerProcess(Process process) {
        this.process = process;
        Thread.ofVirtual().start(() -> {
            try (BufferedReader out =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = out.readLine(); line != null; line = out.readLine()) {
                    lines.add(line);
                }
            } catch (IOException e) {
                lines.add("broken " + e);
            }
        });
    }

    static PeerProcess sender(Path folder, KvTransportKind kind) throws IOException {
        return start("sender", folder.toString(), kind.name());
    }

    static PeerProcess receiver(Path folder, KvTransportKind kind, int port) throws IOException {
        return start("receiver", folder.toString(), kind.name(), Integer.toString(port));
    }

    private static PeerProcess start(String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                PeerProcess.class.getName()));
        command.addAll(List.of(args));
        return new PeerProcess(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start());
    }

    /** Waits for a line that begins so and returns the rest. */
    String await(String word) throws InterruptedException {
        for (String line = next(); ; line = next()) {
            if (line.startsWith(word + " ")) {
                return line.substring(word.length() + 1);
            }
        }
    }

    private String next() throws InterruptedException {
        String line = lines.poll(Fixture.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        if (line == null) {
            throw new AssertionError("the peer process said nothing more; alive: " + process.isAlive());
        }
        return line;
    }

    void kill() throws InterruptedException {
        process.destroyForcibly();
        if (!process.waitFor(Fixture.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("fault not applied: the peer survived kill -9");
        }
    }

    void freeze() throws IOException, InterruptedException {
        signal("STOP");
        Path status = Path.of("/proc", Long.toString(process.pid()), "stat");
        long end = System.nanoTime() + Fixture.PATIENCE.toNanos();
        while (!Files.readString(status).contains(") T ")) {
            if (System.nanoTime() > end) {
                throw new AssertionError("fault not applied: the peer did not stop");
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        int exit = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
        if (exit != 0) {
            throw new AssertionError("fault not applied: kill -%s exits with %d".formatted(name, exit));
        }
    }

    @Override
    public void close() throws InterruptedException {
        kill();
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
            OutgoingTransfer outbound = sender.open(Fixture.key(REQUEST), TOKENS);
            var told = outbound.completion().thenAccept(outcome -> say("outcome " + outcome));
            say("port " + sender.port());
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
            say("asked " + inbound.request().key());
            say("outcome " + Fixture.await(inbound.completion()));
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
