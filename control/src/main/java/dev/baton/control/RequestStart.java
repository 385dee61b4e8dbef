package dev.baton.control;

import java.time.Instant;

/**
 * Where a {@link RequestMachine} begins.
 *
 * @param maxTokens most tokens to generate, 1 or more
 * @param attempt number of its first attempt: 1, or above those of the gateway that it goes on for
 * @param accepted tokens that the client has or may have already; fewer than {@code maxTokens}
 */
public record RequestStart(int maxTokens, Instant deadline, int attempt, TokenIds accepted) {
    public RequestStart {
        if (maxTokens < 1 || accepted.size() >= maxTokens || attempt < 1) {
            throw new IllegalArgumentException("maxTokens is %d, with %d tokens accepted, at attempt %d"
                    .formatted(maxTokens, accepted.size(), attempt));
        }
    }

    /** A request that nobody has begun. */
    public static RequestStart first(int maxTokens, Instant deadline) {
        return new RequestStart(maxTokens, deadline, 1, TokenIds.of());
    }
}
