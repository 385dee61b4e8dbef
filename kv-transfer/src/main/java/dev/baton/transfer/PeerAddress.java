package dev.baton.transfer;

import dev.baton.protocol.v1.WorkerRef;

/** Where a sender is and which life of it is meant. */
record PeerAddress(WorkerRef worker, String host, int port) {
    @Override
    public String toString() {
        return "%s@%s:%d".formatted(worker.getId(), host, port);
    }
}
