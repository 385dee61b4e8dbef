package dev.baton.transfer;

import dev.baton.protocol.v1.WorkerRef;

/**
 * Where another worker serves KV, and which life of it is meant.
 *
 * @param host and {@code port} of its KV sessions
 */
public record PeerAddress(WorkerRef worker, String host, int port) {
    public PeerAddress {
        if (host.isEmpty() || port < 1 || port > 65_535) {
            throw new IllegalArgumentException("not the address of KV sessions: %s:%d".formatted(host, port));
        }
    }

    @Override
    public String toString() {
        return "%s@%s:%d".formatted(worker.getId(), host, port);
    }
}
