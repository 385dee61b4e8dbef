package dev.baton.control.quota;

import java.time.Duration;
import java.util.Optional;

/**
 * What is taken of some limits. Requests and tokens come back evenly, a minute's worth in a minute; places when requests
 * end.
 *
 * @param tokens may be above the limit: an answer may take more than was reserved, and the rest is owed
 */
public record Taken(double requests, double tokens, long running) {
    public static final Taken NOTHING = new Taken(0, 0, 0);

    private static final double MINUTE = Duration.ofMinutes(1).toNanos();
    private static final double ROUNDING = 1e-6;

    /** A place is free when some request ends, and nobody knows when that is. */
    static final Refusal NO_PLACE = new Refusal(QuotaKind.CONCURRENT, Duration.ofSeconds(1));

    /** What is left of it after a while in which nothing was taken. */
    public Taken after(Duration passed, Limits limits) {
        double share = Math.max(0, passed.toNanos() / MINUTE);
        return new Taken(
                Math.max(0, requests - share * limits.requestsPerMinute()),
                Math.max(0, tokens - share * limits.tokensPerMinute()),
                running);
    }

    /** Tokens that a request is charged with at first: one that wants more than a minute has takes a whole minute's. */
    public static long charge(long predicted, Limits limits) {
        return limits.tokensPerMinute() == 0 ? predicted : Math.min(predicted, limits.tokensPerMinute());
    }

    /** Why one more request does not fit; empty when it does. */
    public Optional<Refusal> refusal(Limits limits, long charge) {
        Duration forRequests = wait(requests + 1, limits.requestsPerMinute());
        Duration forTokens = wait(tokens + charge, limits.tokensPerMinute());
        if (!forRequests.isZero() || !forTokens.isZero()) {
            return Optional.of(
                    forRequests.compareTo(forTokens) >= 0
                            ? new Refusal(QuotaKind.REQUESTS, forRequests)
                            : new Refusal(QuotaKind.TOKENS, forTokens));
        }
        return limits.concurrent() > 0 && running >= limits.concurrent() ? Optional.of(NO_PLACE) : Optional.empty();
    }

    /** With one more request. */
    public Taken plus(long charge) {
        return new Taken(requests + 1, tokens + charge, running + 1);
    }

    public long remainingRequests(Limits limits) {
        return remaining(requests, limits.requestsPerMinute());
    }

    public long remainingTokens(Limits limits) {
        return remaining(tokens, limits.tokensPerMinute());
    }

    /** Until no request counts any more. */
    public Duration resetRequests(Limits limits) {
        return back(requests, limits.requestsPerMinute());
    }

    public Duration resetTokens(Limits limits) {
        return back(tokens, limits.tokensPerMinute());
    }

    private static long remaining(double taken, long limit) {
        return Math.max(0, (long) Math.floor(limit - taken + ROUNDING));
    }

    private static Duration wait(double wanted, long limit) {
        return limit == 0 || wanted <= limit + ROUNDING ? Duration.ZERO : back(wanted - limit, limit);
    }

    /** Until so much has come back, in whole milliseconds. */
    private static Duration back(double amount, long limit) {
        return limit == 0 ? Duration.ZERO : Duration.ofMillis((long) Math.ceil(amount * 60_000 / limit - ROUNDING));
    }
}
