package dev.baton.cli.up;

import dev.baton.cli.client.ManagementCalls;
import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Installation;
import dev.baton.stack.ChildProcess;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The stack that an {@code up} of this checkout runs, seen from another command. */
final class RunningStack implements RollingRestart.Parts {
    /** What a part is doing: its process is gone, it runs, it runs but does not serve yet, it serves. */
    enum State {
        DOWN,
        RUNNING,
        STARTING,
        READY
    }

    /** @param managementPort empty for Kafka, Redis and {@code up} itself, which have none */
    record Part(ChildProcess process, State state, OptionalInt managementPort) {}

    private final Path stateFolder;
    private final ProcessRecord record;

    RunningStack() {
        this(Installation.state());
    }

    RunningStack(Path stateFolder) {
        this.stateFolder = stateFolder;
        this.record = new ProcessRecord(stateFolder);
    }

    /** @throws CliException when none runs */
    URI url() {
        return record.up()
                .orElseThrow(() ->
                        new CliException("Baton is not up here: ./baton up starts it, --detach in the background"));
    }

    /** The last process of each part, in the order of their first start. */
    List<Part> parts() {
        Map<String, Integer> ports = record.managementPorts();
        List<Part> parts = new ArrayList<>();
        for (ChildProcess process : record.latest()) {
            Integer port = ports.get(process.name());
            parts.add(
                    new Part(process, state(process, port), port == null ? OptionalInt.empty() : OptionalInt.of(port)));
        }
        return parts;
    }

    Optional<Part> part(String name) {
        return parts().stream()
                .filter(part -> part.process().name().equals(name))
                .findFirst();
    }

    private static State state(ChildProcess process, @Nullable Integer port) {
        if (!process.alive()) {
            return State.DOWN;
        }
        if (port == null) {
            return State.RUNNING;
        }
        return ready(port) ? State.READY : State.STARTING;
    }

    /** Whether the readiness probe behind a management port of this host answers 200. */
    static boolean ready(int managementPort) {
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) URI.create("http://127.0.0.1:" + managementPort + "/actuator/health/readiness")
                            .toURL()
                            .openConnection();
            connection.setConnectTimeout(500);
            connection.setReadTimeout(2_000);
            try {
                return connection.getResponseCode() == 200;
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public Map<String, Integer> managementPorts() {
        return record.managementPorts();
    }

    /** @throws CliException when {@code up} has ended, or never had such a part */
    @Override
    public ChildProcess process(String name) {
        url();
        return part(name)
                .orElseThrow(() -> new CliException("no part " + name + " runs here"))
                .process();
    }

    /** Whether it serves, as far as it says so. */
    @Override
    public boolean ready(String name) {
        return part(name)
                .filter(part -> part.state() == State.READY || part.state() == State.RUNNING)
                .isPresent();
    }

    /** Calls to the management ports of its parts. */
    @Override
    public ManagementCalls management() {
        return new ManagementCalls(StackCredentials.operatorKey(LocalStack.credentialsFile(stateFolder))
                .orElse(""));
    }

    /** Asks {@code up} to end a part and start it again. */
    @Override
    public void restart(String part) {
        new RestartRequests(stateFolder).ask(part);
    }

    Path log(String part) {
        return logs().resolve(part + ".log");
    }

    /** Names of the parts that have a log, sorted. */
    List<String> logged() {
        try (Stream<Path> files = Files.isDirectory(logs()) ? Files.list(logs()) : Stream.empty()) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".log"))
                    .map(name -> name.substring(0, name.length() - ".log".length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new CliException("cannot read " + logs() + ": " + e.getMessage(), e);
        }
    }

    private Path logs() {
        return stateFolder.resolve("logs");
    }
}
