package dev.baton.control.routing;

import java.time.Duration;

/**
 * What the parts of a route cost where no worker has measured them.
 *
 * @param prefillTokensPerSecond speed of a worker that has not measured its own yet
 * @param moveSameMachine KV of 1,000 tokens through shared memory
 * @param moveOtherMachine KV of 1,000 tokens over the network
 * @param perSequence what each sequence already there adds to the wait
 */
public record RoutingCosts(
        double prefillTokensPerSecond, Duration moveSameMachine, Duration moveOtherMachine, Duration perSequence) {
    public RoutingCosts {
        if (!(prefillTokensPerSecond > 0)) {
            throw new IllegalArgumentException("prefillTokensPerSecond must be above 0");
        }
        if (moveSameMachine.isNegative() || moveOtherMachine.isNegative() || perSequence.isNegative()) {
            throw new IllegalArgumentException("costs must not be negative");
        }
    }

    /** Guesses that rank lanes sensibly until workers have measured themselves. */
    public static RoutingCosts defaults() {
        return new RoutingCosts(2_000, Duration.ofMillis(10), Duration.ofMillis(100), Duration.ofMillis(2));
    }

    double moveSeconds(int tokens, boolean sameMachine) {
        return seconds(sameMachine ? moveSameMachine : moveOtherMachine) * tokens / 1_000;
    }

    double waitSeconds(int sequences) {
        return seconds(perSequence) * sequences;
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
