package dev.baton.config;

import java.util.List;

/** Something would listen beyond loopback, and nothing guards it. */
public final class OpenPortsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String remedy;

    private OpenPortsException(String message, String remedy) {
        super(message);
        this.remedy = remedy;
    }

    static OpenPortsException withoutSecret(List<String> addresses) {
        return new OpenPortsException(
                "baton.cluster.secret is empty, but this role listens beyond loopback (" + String.join(", ", addresses)
                        + "): anyone who reaches its ports could act as a part of this cluster.",
                "Set the same baton.cluster.secret of at least 16 characters on all gateways and workers, or these"
                        + " addresses to 127.0.0.1.");
    }

    static OpenPortsException managementUnguarded(List<String> addresses) {
        return new OpenPortsException(
                "baton.management.secured is false, but the management port listens beyond loopback ("
                        + String.join(", ", addresses) + "): anyone who reaches it could look and change.",
                "Leave baton.management.secured true and name the operators' keys in baton.management.keys, or set this"
                        + " address to 127.0.0.1.");
    }

    /** What to do. */
    String remedy() {
        return remedy;
    }
}
