package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import dev.baton.stack.ChildProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The file that says what {@code up} started, so that a later {@code up} or {@code down} can end it and {@code status} can
 * show it: a line for each process, one with the gateway's URL, and one with the management port of each role.
 */
final class ProcessRecord {
    /** The name under which {@code up} records itself: ended first, since it would start dead workers again. */
    static final String SELF = "up";

    private static final String NOTE = "#";
    private static final String URL_LINE = NOTE + " ";
    private static final String PORT_LINE = NOTE + "port ";
    private static final Duration GRACE_OF_SELF = Duration.ofSeconds(150);
    private static final Duration GRACE = Duration.ofSeconds(8);

    private final Path file;

    ProcessRecord(Path stateFolder) {
        this.file = stateFolder.resolve("run").resolve("processes");
    }

    /**
     * This process begins to start a stack.
     *
     * @throws UncheckedIOException when it cannot be written
     */
    void begin(URI url) {
        ProcessHandle self = ProcessHandle.current();
        append(URL_LINE + url);
        add(new ChildProcess(SELF, self.pid(), self.info().startInstant().orElseGet(Instant::now)));
    }

    /** @throws CliException when another {@code up} has a stack here; it says where and how to end it */
    void refuseIfUp() {
        Optional<ChildProcess> other = otherUp();
        if (other.isPresent()) {
            throw new CliException("Baton is up already at %s (pid %d): ./baton down ends it"
                    .formatted(
                            url().map(URI::toString).orElse("an unknown port"),
                            other.get().pid()));
        }
    }

    /** Where the {@code up} that runs here has its gateway; empty when none runs. */
    Optional<URI> up() {
        return otherUp().flatMap(up -> url());
    }

    private Optional<ChildProcess> otherUp() {
        return living().stream()
                .filter(process -> process.name().equals(SELF))
                .filter(process -> process.pid() != ProcessHandle.current().pid())
                .findFirst();
    }

    /** @throws UncheckedIOException when it cannot be written, as on a full disk; there may be room later */
    synchronized void add(ChildProcess process) {
        append(process.toLine());
    }

    /** What is recorded and still runs, in the order in which it was started. */
    synchronized List<ChildProcess> living() {
        return recorded().stream().filter(ChildProcess::alive).toList();
    }

    /** The last recorded process of each name, dead or alive, in the order of the names' first start. */
    synchronized List<ChildProcess> latest() {
        Map<String, ChildProcess> byName = new LinkedHashMap<>();
        recorded().forEach(process -> byName.put(process.name(), process));
        return List.copyOf(byName.values());
    }

    private List<ChildProcess> recorded() {
        return lines().stream()
                .filter(line -> !line.startsWith(NOTE))
                .flatMap(line -> parse(line).stream())
                .toList();
    }

    /** Empty for a line that a crash of the machine has torn. */
    private static Optional<ChildProcess> parse(String line) {
        try {
            return Optional.of(ChildProcess.parse(line));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Ends what is recorded: {@code up} itself first, then the rest, last started first. Returns the names of those that ran. */
    List<String> endAll() {
        List<ChildProcess> living = living();
        List<String> names = new ArrayList<>();
        for (ChildProcess process : living.reversed()) {
            names.add(process.name());
            if (process.name().equals(SELF)) {
                process.stop(GRACE_OF_SELF);
            }
        }
        // Anew: up may have started something between our first look and its end.
        List<ChildProcess> left = living().reversed();
        left.forEach(process -> process.handle().ifPresent(ProcessHandle::destroy));
        left.forEach(process -> process.stop(GRACE));
        forgetTheDead();
        return names;
    }

    /** Keeps only what still runs. That should be nothing: then the file goes too. */
    synchronized void forgetTheDead() {
        List<ChildProcess> living = living().stream()
                .filter(process -> process.pid() != ProcessHandle.current().pid())
                .toList();
        try {
            if (living.isEmpty()) {
                Files.deleteIfExists(file);
            } else {
                Files.write(file, living.stream().map(ChildProcess::toLine).toList());
            }
        } catch (IOException e) {
            throw new CliException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /** @throws UncheckedIOException when it cannot be written */
    synchronized void managementPort(String role, int port) {
        append(PORT_LINE + role + " " + port);
    }

    /** The management port of each role of the recorded stack by its name. */
    synchronized Map<String, Integer> managementPorts() {
        Map<String, Integer> ports = new HashMap<>();
        for (String line : lines()) {
            String[] parts = line.split(" ", -1);
            if (line.startsWith(PORT_LINE) && parts.length == 3) {
                ports.put(parts[1], Integer.valueOf(parts[2]));
            }
        }
        return ports;
    }

    private Optional<URI> url() {
        return lines().stream()
                .filter(line -> line.startsWith(URL_LINE))
                .map(line -> URI.create(line.substring(URL_LINE.length())))
                .reduce((earlier, later) -> later);
    }

    private void append(String line) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private List<String> lines() {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new CliException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
