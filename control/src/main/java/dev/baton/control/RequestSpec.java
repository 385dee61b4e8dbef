package dev.baton.control;

import java.time.Instant;

/**
 * What the state machine must know of a request; the rest travels beside it.
 *
 * @param maxTokens most tokens to generate
 * @param nonceSeed random per request: the nonces of its attempts follow from it
 */
public record RequestSpec(String requestId, int maxTokens, Instant deadline, long nonceSeed) {
    public RequestSpec {
        if (maxTokens < 1) {
            throw new IllegalArgumentException("maxTokens is " + maxTokens + ", must be 1 or more");
        }
    }
}
