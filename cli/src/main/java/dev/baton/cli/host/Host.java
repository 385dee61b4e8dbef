package dev.baton.cli.host;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** What can be read off this machine. Linux answers everything; elsewhere some questions have no answer. */
public final class Host {
    private Host() {}

    /** Bytes of memory that can be had without swapping and without meeting a control group's limit. */
    public static Optional<Long> availableMemory() {
        OptionalLong group = CgroupMemory.ofThisProcess().available();
        Optional<Long> machine = availableOnMachine();
        return group.isEmpty() ? machine : Optional.of(Math.min(group.getAsLong(), machine.orElse(Long.MAX_VALUE)));
    }

    private static Optional<Long> availableOnMachine() {
        Path meminfo = Path.of("/proc/meminfo");
        if (!Files.isReadable(meminfo)) {
            return Optional.empty();
        }
        try {
            for (String line : Files.readAllLines(meminfo)) {
                if (line.startsWith("MemAvailable:")) {
                    return Optional.of(Long.parseLong(line.replaceAll("\\D", "")) * 1024);
                }
            }
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    /** Bytes free in a folder's file system; empty where there is no such folder. */
    public static Optional<Long> freeBytes(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try {
            FileStore store = Files.getFileStore(folder);
            return Optional.of(store.getUsableSpace());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Features of the first processor, space separated; empty where unknown. */
    public static String cpuFlags() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
                if (line.startsWith("flags")) {
                    return line.substring(line.indexOf(':') + 1).strip();
                }
            }
        } catch (IOException e) {
            return "";
        }
        return "";
    }
}
