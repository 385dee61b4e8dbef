package dev.baton.stack;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A process that this one, or one before it, has started. Pid and start time together tell it from a stranger that was
 * given the same pid later.
 *
 * @param name what it is to people, e.g. "kafka"; no spaces
 */
public record ChildProcess(String name, long pid, Instant startedAt) {
    /** The system derives start times from its boot time, which a clock correction moves a little. */
    private static final Duration START_TOLERANCE = Duration.ofSeconds(2);

    private static final Duration KILL_LIMIT = Duration.ofSeconds(5);

    public ChildProcess {
        if (name.isBlank() || name.contains(" ")) {
            throw new IllegalArgumentException("a child's name is one word, not '" + name + "'");
        }
        if (pid <= 0) {
            throw new IllegalArgumentException("pid " + pid + " of " + name + " is not a pid");
        }
    }

    /** Of a process just started. A process that has ended already keeps the present moment as its start. */
    public static ChildProcess of(String name, Process process) {
        return new ChildProcess(
                name, process.pid(), process.info().startInstant().orElseGet(Instant::now));
    }

    /** Reads what {@link #toLine} wrote. */
    public static ChildProcess parse(String line) {
        String[] parts = line.strip().split(" ", -1);
        if (parts.length != 3) {
            throw new IllegalArgumentException("not a recorded child process (name pid start): '" + line + "'");
        }
        return new ChildProcess(parts[0], Long.parseLong(parts[1]), Instant.ofEpochMilli(Long.parseLong(parts[2])));
    }

    /** {@code name pid start}, to be kept in a file and read by {@link #parse}. */
    public String toLine() {
        return name + " " + pid + " " + startedAt.toEpochMilli();
    }

    public boolean alive() {
        return handle().isPresent();
    }

    /** The live process, unless it has ended or the pid now belongs to another. */
    public Optional<ProcessHandle> handle() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .filter(live -> live.info()
                        .startInstant()
                        .map(start -> Duration.between(start, startedAt).abs().compareTo(START_TOLERANCE) <= 0)
                        .orElse(false));
    }

    /** Asks it to end, and kills it when it has not within {@code grace}. True when it is gone afterwards. */
    public boolean stop(Duration grace) {
        return handle().map(live -> {
                    live.destroy();
                    return ended(live, grace) || kill();
                })
                .orElse(true);
    }

    /** Ends it at once, without asking. True when it is gone afterwards. */
    public boolean kill() {
        return handle().map(live -> {
                    live.destroyForcibly();
                    return ended(live, KILL_LIMIT);
                })
                .orElse(true);
    }

    private static boolean ended(ProcessHandle live, Duration limit) {
        CompletableFuture<ProcessHandle> exit = live.onExit();
        try {
            exit.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return !live.isAlive();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return !live.isAlive();
        } catch (ExecutionException e) {
            throw new IllegalStateException("waiting for pid " + live.pid(), e.getCause());
        }
    }
}
