package dev.baton.transfer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A JVM of its own that runs a class of the tests and prints lines: it can be killed, frozen and thawed. A fault that does
 * not take effect is an error of the test.
 */
public final class ChildJvm implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    private ChildJvm(Process process) {
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

    public static ChildJvm start(Class<?> main, List<String> options, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of(
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(arguments);
        return new ChildJvm(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start());
    }

    /** In the child: a line for {@link #await}. */
    public static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /** Waits for a line that begins with the word and returns the rest. */
    public String await(String word) throws InterruptedException {
        while (true) {
            String line = lines.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (line == null) {
                throw new AssertionError("the child said no '%s'; alive: %s".formatted(word, process.isAlive()));
            }
            if (line.startsWith(word + " ")) {
                return line.substring(word.length() + 1);
            }
        }
    }

    /** Drops lines that have not been awaited. */
    public void forgetLines() {
        lines.clear();
    }

    public void kill() throws InterruptedException {
        process.destroyForcibly();
        if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("fault not applied: the child survived kill -9");
        }
    }

    public void freeze() throws IOException, InterruptedException {
        signal("STOP");
        Path status = Path.of("/proc", Long.toString(process.pid()), "stat");
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!Files.readString(status).contains(") T ")) {
            if (System.nanoTime() > end) {
                throw new AssertionError("fault not applied: the child did not stop");
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    public void thaw() throws IOException, InterruptedException {
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
}
