package dev.baton.control;

import java.time.Duration;

/**
 * How long a request may make no progress in a phase before its attempt is given up, and how many attempts in a row may end
 * without a new token.
 *
 * @param withoutWorkers no token yet and no worker to give the request to, at its first attempt; 0 = no wait
 * @param queued published and not claimed; also how long a recovering request waits for a live worker
 * @param prefilling claimed and no first token
 * @param handedOff first token or handoff seen, and nothing from the decode worker
 * @param decoding between two tokens
 */
public record PhaseLimits(
        Duration withoutWorkers,
        Duration queued,
        Duration prefilling,
        Duration handedOff,
        Duration decoding,
        int attemptsWithoutToken) {
    public PhaseLimits {
        if (attemptsWithoutToken < 1) {
            throw new IllegalArgumentException(
                    "attemptsWithoutToken is " + attemptsWithoutToken + ", must be 1 or more");
        }
        if (withoutWorkers.isNegative()) {
            throw new IllegalArgumentException("withoutWorkers is " + withoutWorkers + ", must be 0 or more");
        }
        for (Duration limit : new Duration[] {queued, prefilling, handedOff, decoding}) {
            if (!limit.isPositive()) {
                throw new IllegalArgumentException("a phase limit is " + limit + ", must be above 0");
            }
        }
    }

    /** A request that keeps losing workers while it moves on is the likely cause: this ends it. */
    int allAttempts() {
        return 4 * attemptsWithoutToken;
    }

    Duration of(Phase phase) {
        return switch (phase) {
            case QUEUED -> queued;
            case PREFILLING -> prefilling;
            case HANDED_OFF -> handedOff;
            case DECODING -> decoding;
            case DONE, FAILED, CANCELLED -> throw new IllegalArgumentException(phase + " has no limit");
        };
    }
}
