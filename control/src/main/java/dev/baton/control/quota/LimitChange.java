package dev.baton.control.quota;

import org.jspecify.annotations.Nullable;

/** Limits that take the place of others; null leaves a limit as it is, 0 takes it away. */
public record LimitChange(
        @Nullable Long requestsPerMinute,
        @Nullable Long tokensPerMinute,
        @Nullable Long concurrent) {
    public static final LimitChange NOTHING = new LimitChange(null, null, null);

    public LimitChange {
        check("requests-per-minute", requestsPerMinute);
        check("tokens-per-minute", tokensPerMinute);
        check("concurrent", concurrent);
    }

    public Limits over(Limits limits) {
        return new Limits(
                requestsPerMinute == null ? limits.requestsPerMinute() : requestsPerMinute,
                tokensPerMinute == null ? limits.tokensPerMinute() : tokensPerMinute,
                concurrent == null ? limits.concurrent() : concurrent);
    }

    public boolean nothing() {
        return equals(NOTHING);
    }

    private static void check(String name, @Nullable Long limit) {
        if (limit != null) {
            Limits.check(name, limit);
        }
    }
}
