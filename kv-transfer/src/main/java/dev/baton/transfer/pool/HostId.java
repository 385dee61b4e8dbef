package dev.baton.transfer.pool;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Names the host: equal on two workers when they may share memory, containers included. */
public final class HostId {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private HostId() {}

    /** The kernel's boot id, which containers of one host share; the host's name where there is none. */
    public static String id() {
        try {
            return Files.exists(BOOT_ID)
                    ? Files.readString(BOOT_ID).strip()
                    : InetAddress.getLocalHost().getHostName();
        } catch (IOException e) {
            // Equal to no other host: transfers then go over TCP.
            return UUID.randomUUID().toString();
        }
    }
}
