package dev.baton.cli.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * What the control groups of this process still let it have: a container sees all of the machine's memory in
 * {@code /proc/meminfo} and is killed far below it.
 *
 * @param membership {@code /proc/self/cgroup}; {@code mount} where the groups' files lie
 */
record CgroupMemory(Path membership, Path mount) {
    /** Version 1 writes a number of this size where there is no limit. */
    private static final long NO_LIMIT = 1L << 60;

    private record Names(String limit, String used, String reclaimable) {}

    private static final Names V2 = new Names("memory.max", "memory.current", "inactive_file");
    private static final Names V1 = new Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");

    static CgroupMemory ofThisProcess() {
        return new CgroupMemory(Path.of("/proc/self/cgroup"), Path.of("/sys/fs/cgroup"));
    }

    /** The smallest room in any group on the way from this process to the root; empty where none has a limit. */
    OptionalLong available() {
        try {
            return Files.readAllLines(membership).stream()
                    .flatMapToLong(line -> room(line).stream().mapToLong(bytes -> bytes))
                    .min();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** Rooms of a line {@code id:controllers:path} of the membership. */
    private List<Long> room(String line) {
        String[] parts = line.split(":", 3);
        if (parts.length < 3) {
            return List.of();
        }
        boolean v2 = parts[1].isEmpty();
        if (!v2 && !List.of(parts[1].split(",")).contains("memory")) {
            return List.of();
        }
        Path root = v2 ? mount : mount.resolve("memory");
        Path relative = Path.of("/").relativize(Path.of(parts[2]).normalize());
        return Stream.iterate(root.resolve(relative), path -> path != null && path.startsWith(root), Path::getParent)
                .flatMap(group -> room(group, v2 ? V2 : V1).stream())
                .toList();
    }

    private static Optional<Long> room(Path group, Names files) {
        Optional<Long> limit = number(group.resolve(files.limit()));
        Optional<Long> used = number(group.resolve(files.used()));
        if (limit.isEmpty() || used.isEmpty() || limit.get() >= NO_LIMIT) {
            return Optional.empty();
        }
        // Cached files count as used but give way.
        return Optional.of(Math.max(0, limit.get() - used.get() + reclaimable(group, files.reclaimable())));
    }

    private static long reclaimable(Path group, String name) {
        try (Stream<String> lines = Files.lines(group.resolve("memory.stat"))) {
            return lines.filter(line -> line.startsWith(name + " "))
                    .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
                    .sum();
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }

    /** Empty for {@code max}, and where the file is not there. */
    private static Optional<Long> number(Path file) {
        try {
            return Optional.of(Long.parseLong(Files.readString(file).strip()));
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }
}
