package dev.baton.transfer.pool;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A worker in a JVM of its own that decodes a few sequences over and over, as fast as it can, until it is killed. */
final class PoolOwner implements AutoCloseable {
    /** Twice as many as fit into its pool. */
    static final int SEQUENCES = 12;

    private static final long PATIENCE_MILLIS = 60_000;

    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    private PoolOwner(Process process) {
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

    static PoolOwner start(Path folder, String worker, long epoch) throws IOException {
        return new PoolOwner(new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        PoolOwner.class.getName(),
                        folder.toString(),
                        worker,
                        Long.toString(epoch))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start());
    }

    /** Waits for a line that begins so and returns the rest. */
    String await(String word) throws InterruptedException {
        while (true) {
            String line = lines.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
            if (line == null) {
                throw new AssertionError("the owner said no '%s'; alive: %s".formatted(word, process.isAlive()));
            }
            if (line.startsWith(word + " ")) {
                return line.substring(word.length() + 1);
            }
        }
    }

    void kill() throws InterruptedException {
        process.destroyForcibly();
        if (!process.waitFor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
            throw new AssertionError("fault not applied: the owner survived kill -9");
        }
    }

    void freeze() throws IOException, InterruptedException {
        signal("STOP");
        Path status = Path.of("/proc", Long.toString(process.pid()), "stat");
        for (long tries = PATIENCE_MILLIS; !Files.readString(status).contains(") T "); tries--) {
            if (tries == 0) {
                throw new AssertionError("fault not applied: the owner did not stop");
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    void thaw() throws IOException, InterruptedException {
        lines.clear();
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

    public static void main(String[] args) throws IOException {
        SharedPool pool = SharedPool.create(Path.of(args[0]), Rows.identity(args[1], Long.parseLong(args[2])));
        say("file " + pool.path());
        say("adopted " + pool.adopted().named().size());
        SequenceWriter writer = new SequenceWriter(pool.region(), pool.ledger(), () -> {});
        for (int round = 0; ; round++) {
            for (int sequence = 0; sequence < SEQUENCES; sequence++) {
                writer.decode(sequence);
            }
            if (round % 100 == 0) {
                say("round " + round);
            }
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
