package dev.baton.transfer;

import dev.baton.protocol.v1.Attempt;

/** One attempt at one request. */
public record TransferKey(String requestId, int attempt, long nonce) {
    public static TransferKey of(String requestId, Attempt attempt) {
        return new TransferKey(requestId, attempt.getNumber(), attempt.getNonce());
    }

    Attempt toAttempt() {
        return Attempt.newBuilder().setNumber(attempt).setNonce(nonce).build();
    }
}
