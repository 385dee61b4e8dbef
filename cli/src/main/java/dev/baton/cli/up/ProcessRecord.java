package dev.baton.cli.up;

import dev.baton.cli.CliException;
import dev.baton.stack.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The file that says what {@code up} started, a line a process, so that a later {@code up} or {@code down} can end it. */
final class ProcessRecord {
    /** The name under which {@code up} records itself: ended first, since it would start dead workers again. */
    static final String SELF = "up";

    private static final Duration GRACE_OF_SELF = Duration.ofSeconds(150);
    private static final Duration GRACE = Duration.ofSeconds(8);

    private final Path file;

    ProcessRecord(Path stateFolder) {
        this.file = stateFolder.resolve("run").resolve("processes");
    }

    synchronized void add(ChildProcess process) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, process.toLine() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new CliException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /** What is recorded and still runs, in the order in which it was started. */
    synchronized List<ChildProcess> living() {
        List<ChildProcess> living = new ArrayList<>();
        for (String line : lines()) {
            ChildProcess process = ChildProcess.parse(line);
            if (process.alive()) {
                living.add(process);
            }
        }
        return living;
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
        List<ChildProcess> left =
                living.reversed().stream().filter(ChildProcess::alive).toList();
        left.forEach(process -> process.handle().ifPresent(ProcessHandle::destroy));
        left.forEach(process -> process.stop(GRACE));
        clear();
        return names;
    }

    synchronized void clear() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new CliException("cannot delete " + file + ": " + e.getMessage(), e);
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
