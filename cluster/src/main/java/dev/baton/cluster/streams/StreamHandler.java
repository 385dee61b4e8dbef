package dev.baton.cluster.streams;

import dev.baton.protocol.v1.Attempt;

/** What a gateway asks of a worker. Called on the stream's thread; must not block. */
public interface StreamHandler {
    /** Stop working on this attempt, wherever it stands; unknown ones are ignored. */
    void cancel(String requestId, Attempt attempt);
}
