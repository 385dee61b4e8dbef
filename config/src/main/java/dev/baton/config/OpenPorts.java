package dev.baton.config;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/**
 * The one check of all ports of a role that belong to the inside: token stream, KV sessions, management. Without {@code
 * baton.cluster.secret} nothing guards them, so each must listen on loopback. A gateway's API port is not among them: API
 * keys guard it.
 */
final class OpenPorts {
    private static final String NO_SERVER = "-1";

    private OpenPorts() {}

    /**
     * @param web whether the role has a web server
     * @throws OpenPortsException when a port is open to other machines, and the secret is empty, or it is that of
     *     management and {@code baton.management.secured} is false
     */
    static void check(Environment environment, boolean web) {
        List<String> unguarded = new ArrayList<>();
        if (web && !environment.getProperty("baton.management.secured", Boolean.class, true)) {
            addIfManagementOpen(environment, unguarded);
        }
        if (!unguarded.isEmpty()) {
            throw OpenPortsException.managementUnguarded(unguarded);
        }
        if (!environment.getProperty("baton.cluster.secret", "").isEmpty()) {
            return;
        }
        List<String> open = new ArrayList<>();
        // Token stream and KV sessions; set in workers only, and open in whatever file sets it.
        addIfOpen(environment, "baton.worker.listen-address", "127.0.0.1", open);
        if (web) {
            addIfManagementOpen(environment, open);
        }
        if (!open.isEmpty()) {
            throw OpenPortsException.withoutSecret(open);
        }
    }

    private static void addIfManagementOpen(Environment environment, List<String> open) {
        String managementPort = environment.getProperty("management.server.port");
        if (managementPort == null && !NO_SERVER.equals(environment.getProperty("server.port"))) {
            addIfOpen(environment, "server.address", null, open);
        } else if (managementPort != null && !NO_SERVER.equals(managementPort)) {
            addIfOpen(environment, "management.server.address", null, open);
        }
    }

    private static void addIfOpen(
            Environment environment, String setting, @Nullable String whenUnset, List<String> open) {
        String address = environment.getProperty(setting, whenUnset == null ? "" : whenUnset);
        if (address.isBlank()) {
            open.add(setting + " (not set: all interfaces)");
        } else if (!isLoopback(address)) {
            open.add(setting + "=" + address);
        }
    }

    private static boolean isLoopback(String address) {
        try {
            return InetAddress.getByName(address).isLoopbackAddress();
        } catch (UnknownHostException e) {
            // Nothing can listen there: the server itself will say so.
            return true;
        }
    }
}
