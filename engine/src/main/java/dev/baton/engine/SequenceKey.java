package dev.baton.engine;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;

/** One attempt at one request. */
public record SequenceKey(String requestId, int attempt, long nonce) {
    public static SequenceKey of(String requestId, Attempt attempt) {
        return new SequenceKey(requestId, attempt.getNumber(), attempt.getNonce());
    }

    public static SequenceKey of(Generation generation) {
        return of(generation.getRequestId(), generation.getAttempt());
    }
}
