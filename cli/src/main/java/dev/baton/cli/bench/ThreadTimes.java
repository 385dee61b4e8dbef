package dev.baton.cli.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * CPU time that a process has had since its start, as Linux counts it in {@code /proc}.
 *
 * @param process all its threads, those that have ended included; to 10 ms
 * @param threads those that live, by their number; to a nanosecond
 */
record ThreadTimes(Duration process, Map<String, ThreadTime> threads) {
    private static final Path PROC = Path.of("/proc");
    /** The kernel's unit of times in {@code stat}: USER_HZ, 100 on every machine that a JDK 25 runs on. */
    private static final Duration TICK = Duration.ofMillis(10);

    /** Fields of {@code stat} after the name in brackets. */
    private static final int USER = 11;

    private static final int SYSTEM = 12;

    /** One thread. */
    record ThreadTime(String name, long nanos) {}

    /** @throws IOException when there is no such process, or no such {@code /proc} */
    static ThreadTimes of(long pid) throws IOException {
        Path folder = PROC.resolve(Long.toString(pid));
        Map<String, ThreadTime> threads = new HashMap<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(folder.resolve("task"))) {
            for (Path task : tasks) {
                try {
                    String name = Files.readString(task.resolve("comm")).strip();
                    threads.put(
                            task.getFileName().toString(),
                            new ThreadTime(name, nanos(Files.readString(task.resolve("schedstat")))));
                } catch (IOException e) {
                    // It has ended meanwhile, or this kernel keeps no such times: the process's own are enough.
                }
            }
        }
        return new ThreadTimes(process(Files.readString(folder.resolve("stat"))), Map.copyOf(threads));
    }

    /** User and system time of a line of {@code /proc/PID/stat}. */
    static Duration process(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        return TICK.multipliedBy(Long.parseLong(fields[USER]) + Long.parseLong(fields[SYSTEM]));
    }

    /** The time on a CPU of a line of {@code schedstat}. */
    static long nanos(String schedstat) {
        return Long.parseLong(schedstat.strip().split(" ")[0]);
    }

    /** The threads that had most of the time since {@code before}, first the busiest. */
    List<ThreadTime> busiest(ThreadTimes before, int most) {
        List<ThreadTime> since = new ArrayList<>();
        threads.forEach((number, now) -> {
            ThreadTime then = before.threads.get(number);
            since.add(new ThreadTime(now.name(), now.nanos() - (then == null ? 0 : then.nanos())));
        });
        since.sort(Comparator.comparingLong(ThreadTime::nanos).reversed());
        return since.stream().filter(thread -> thread.nanos() > 0).limit(most).toList();
    }
}
