package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.stack.ChildProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;

/**
 * The {@code baton} command as a process, as {@code ./baton} starts it, with a state folder of its own. Closing ends
 * whatever it and those it started have left, so that a failed test leaves nothing.
 */
final class UpProcess implements AutoCloseable {
    private static final int LIMIT_SECONDS = 40;
    /** A keeper of memory ends a moment after its worker. */
    private static final Duration MOMENT = Duration.ofSeconds(5);

    private final Path state;
    private final Path output;
    private final Process process;

    private UpProcess(Path state, Path output, Process process) {
        this.state = state;
        this.output = output;
        this.process = process;
    }

    /** @param state folder, of which the path is in the command line of all that it starts */
    static UpProcess start(Path state, String... arguments) {
        try {
            Files.createDirectories(state);
            Path output = Files.createTempFile(state, arguments[0], ".out");
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-Dbaton.home=" + RunningBaton.HOME,
                    "-Dbaton.state=" + state,
                    "-cp",
                    Files.readString(RunningBaton.HOME.resolve("cli/target/runtime.classpath"))
                                    .strip()
                            + java.io.File.pathSeparator
                            + RunningBaton.HOME.resolve("cli/target/cli-0.1.0-SNAPSHOT.jar"),
                    "dev.baton.cli.Baton"));
            command.addAll(List.of(arguments));
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().remove("REDIS_URL");
            return new UpProcess(state, output, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String output() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean lives() {
        return process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /** What it has recorded as started, itself included, dead or alive, in that order. */
    List<ChildProcess> recorded() {
        Path file = state.resolve("run/processes");
        try {
            return Files.exists(file)
                    ? Files.readAllLines(file).stream()
                            .filter(line -> !line.startsWith("#"))
                            .map(ChildProcess::parse)
                            .toList()
                    : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The last one recorded under this name. */
    ChildProcess recorded(String name) {
        return recorded().reversed().stream()
                .filter(child -> child.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not recorded:\n" + output()));
    }

    /** Living processes that were started for this state folder, recorded or not: what must not be left. */
    List<ProcessHandle> remains() {
        try {
            return await().atMost(MOMENT).until(this::left, List::isEmpty);
        } catch (ConditionTimeoutException e) {
            return left();
        }
    }

    private List<ProcessHandle> left() {
        return ProcessHandle.allProcesses()
                .filter(handle -> handle.pid() != process.pid())
                .filter(handle -> commandOf(handle).contains(state.toString()))
                .filter(ProcessHandle::isAlive)
                .toList();
    }

    /** Unlike the JDK's own, not cut off: Kafka's class path is longer than what that shows. Empty once it has ended. */
    static String commandOf(ProcessHandle handle) {
        try {
            return Files.readString(Path.of("/proc/" + handle.pid() + "/cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    void terminate() {
        process.destroy();
    }

    void kill() {
        process.destroyForcibly();
    }

    int awaitExit() {
        return awaitExit(LIMIT_SECONDS);
    }

    int awaitExit(int seconds) {
        try {
            assertThat(process.waitFor(seconds, TimeUnit.SECONDS))
                    .as("ended within %d s:\n%s", seconds, output())
                    .isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        left().forEach(ProcessHandle::destroyForcibly);
    }
}
