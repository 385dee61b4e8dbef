package dev.baton.config;

import java.util.List;

/** Something would listen beyond loopback, and no secret guards it. */
public final class OpenPortsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> addresses;

    OpenPortsException(List<String> addresses) {
        super("baton.cluster.secret is empty, but this role listens beyond loopback: " + String.join(", ", addresses));
        this.addresses = List.copyOf(addresses);
    }

    List<String> addresses() {
        return addresses;
    }
}
