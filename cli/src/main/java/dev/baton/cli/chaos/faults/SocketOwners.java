package dev.baton.cli.chaos.faults;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Tells which process holds the client's end of a connection, from what Linux shows in {@code /proc}.
 *
 * @param pids the processes in question by their names, as they are now
 */
record SocketOwners(Supplier<Map<String, Long>> pids) {
    private static final List<Path> TABLES = List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));
    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int INODE = 9;

    /** Empty when none of them does, or no longer. */
    Optional<String> of(int clientPort, int serverPort) {
        OptionalLong inode = inode(clientPort, serverPort);
        if (inode.isEmpty()) {
            return Optional.empty();
        }
        String link = "socket:[" + inode.getAsLong() + "]";
        return pids.get().entrySet().stream()
                .filter(process -> holds(process.getValue(), link))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    private static OptionalLong inode(int clientPort, int serverPort) {
        for (Path table : TABLES) {
            try {
                for (String line : Files.readAllLines(table)) {
                    String[] fields = line.strip().split("\\s+");
                    if (fields.length > INODE
                            && fields[LOCAL].endsWith(":%04X".formatted(clientPort))
                            && fields[REMOTE].endsWith(":%04X".formatted(serverPort))) {
                        return OptionalLong.of(Long.parseLong(fields[INODE]));
                    }
                }
            } catch (IOException e) {
                // No such table here: IPv6 may be off.
            }
        }
        return OptionalLong.empty();
    }

    private static boolean holds(long pid, String link) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
            for (Path descriptor : descriptors) {
                if (target(descriptor).equals(link)) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            return false; // It has ended.
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            return ""; // It was closed meanwhile.
        }
    }
}
