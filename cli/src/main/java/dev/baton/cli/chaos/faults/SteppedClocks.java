package dev.baton.cli.chaos.faults;

import static dev.baton.cli.chaos.faults.Proof.applied;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Wall clocks of single processes that can be moved while they run, by libfaketime, which reads the offset from a file every
 * few seconds. Their monotonic clocks stay as they are.
 *
 * <p>Its form for programs with threads makes a dozen system calls each time that somebody asks for the time. The plain one takes
 * no lock: two threads that read the file at the same moment may end the
 * process, which is then started again as after any other death.
 *
 * @param library of libfaketime
 * @param folder of the files
 */
record SteppedClocks(Path library, Path folder) {
    private static final List<Path> PLACES = List.of(Path.of("/usr/lib"), Path.of("/usr/local/lib"));
    private static final String LIBRARY = "libfaketime.so.1";
    /** {@code faketime} lies one folder below, or two where the first names the machine. */
    private static final int DEPTH = 3;

    private static final Duration TAKES_EFFECT_WITHIN = Duration.ofSeconds(20);
    private static final Duration CLOSE = Duration.ofSeconds(15);
    private static final Pattern OF_PROCESS = Pattern.compile("(?:sem\\.)?faketime_(?:shm|sem)_(\\d{1,18})");
    private static final DateTimeFormatter DUMP = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

    /** Empty where it is not installed. */
    static Optional<Path> installed() {
        for (Path place : PLACES) {
            try (Stream<Path> files = Files.isDirectory(place) ? Files.walk(place, DEPTH) : Stream.empty()) {
                Optional<Path> found = files.filter(file -> file.endsWith(Path.of("faketime", LIBRARY)))
                        .findFirst();
                if (found.isPresent()) {
                    return found;
                }
            } catch (IOException | UncheckedIOException e) {
                // It is not to be found here.
            }
        }
        return Optional.empty();
    }

    /**
     * Removes what libfaketime keeps in shared memory for each process and takes away at its end, of processes that were
     * killed: those files have their pids in their names.
     *
     * @param memory {@code /dev/shm}
     * @return how many
     */
    static int removeLeft(Path memory) {
        int removed = 0;
        try (Stream<Path> files = Files.isDirectory(memory) ? Files.list(memory) : Stream.empty()) {
            for (Path file : files.toList()) {
                Matcher name = OF_PROCESS.matcher(file.getFileName().toString());
                if (name.matches()
                        && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty()) {
                    removed += Files.deleteIfExists(file) ? 1 : 0;
                }
            }
        } catch (IOException | UncheckedIOException e) {
            // Files of another user, which stay.
        }
        return removed;
    }

    /** What a part's process must be started with. */
    Map<String, String> environment(String part) {
        set(part, Duration.ZERO);
        return Map.of(
                "LD_PRELOAD", library.toString(),
                "FAKETIME_TIMESTAMP_FILE", file(part).toString(),
                "FAKETIME_CACHE_DURATION", "3",
                "FAKETIME_DONT_FAKE_MONOTONIC", "1",
                // Its cure for an old C library makes each timed wait of a newer one return at once.
                "FAKETIME_FORCE_MONOTONIC_FIX", "0");
    }

    private Path file(String part) {
        return folder.resolve("clock-" + part);
    }

    /** From within a few seconds on. */
    void set(String part, Duration offset) {
        try {
            Path next = folder.resolve("clock-" + part + ".next");
            Files.writeString(next, "%+d%n".formatted(offset.toSeconds()));
            Files.move(
                    next,
                    file(part),
                    java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot set the clock of " + part, e);
        }
    }

    /** Returns when the process itself says so. */
    void await(long pid, Duration offset, String part) {
        applied(
                Proof.within(
                        TAKES_EFFECT_WITHIN,
                        () -> shown(pid)
                                .map(now -> Duration.between(LocalDateTime.now().plus(offset), now))
                                .filter(apart -> apart.abs().compareTo(CLOSE) < 0)
                                .isPresent()),
                "the clock of " + part + " did not move by " + offset);
    }

    /** What a JVM takes for the time: it heads its dump of threads. */
    private static Optional<LocalDateTime> shown(long pid) {
        try {
            String jcmd =
                    Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
            Command dump = Command.run(jcmd, Long.toString(pid), "Thread.print");
            return dump.output()
                    .lines()
                    .limit(3)
                    .flatMap(line -> parsed(line).stream())
                    .findFirst();
        } catch (IOException e) {
            throw new CliException("fault not applied: the JDK's jcmd cannot be run: " + e.getMessage(), e);
        }
    }

    private static Optional<LocalDateTime> parsed(String line) {
        try {
            return Optional.of(LocalDateTime.parse(line.strip(), DUMP));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
