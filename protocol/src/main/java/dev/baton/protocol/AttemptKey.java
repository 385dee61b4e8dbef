package dev.baton.protocol;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;

/** Identity of one attempt at one request: by it an engine knows its sequences, and a transfer its two ends. */
public record AttemptKey(String requestId, int attempt, long nonce) {
    public static AttemptKey of(String requestId, Attempt attempt) {
        return new AttemptKey(requestId, attempt.getNumber(), attempt.getNonce());
    }

    public static AttemptKey of(Generation generation) {
        return of(generation.getRequestId(), generation.getAttempt());
    }

    /** The attempt as messages carry it, without the request. */
    public Attempt toAttempt() {
        return Attempt.newBuilder().setNumber(attempt).setNonce(nonce).build();
    }
}
