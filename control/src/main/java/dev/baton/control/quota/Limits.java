package dev.baton.control.quota;

/**
 * The most that a tenant or a key may take; 0: as much as there is.
 *
 * @param requestsPerMinute also the most at once after a minute without any
 * @param tokensPerMinute of prompts and answers, likewise
 * @param concurrent requests under way
 */
public record Limits(long requestsPerMinute, long tokensPerMinute, long concurrent) {
    public static final Limits NONE = new Limits(0, 0, 0);

    /** The largest limit: what is above it cannot be told from none. */
    public static final long MOST = 1_000_000_000L;

    public Limits {
        check("requests-per-minute", requestsPerMinute);
        check("tokens-per-minute", tokensPerMinute);
        check("concurrent", concurrent);
    }

    static void check(String name, long limit) {
        if (limit < 0 || limit > MOST) {
            throw new IllegalArgumentException(name + " must be 0 (no limit) to " + MOST + ", not " + limit);
        }
    }

    public boolean none() {
        return equals(NONE);
    }

    /** What one of so many gateways may let in by itself: at least 1 of all that is limited. */
    public Limits share(int gateways) {
        if (gateways < 1) {
            throw new IllegalArgumentException("a share among " + gateways + " gateways");
        }
        return new Limits(
                share(requestsPerMinute, gateways), share(tokensPerMinute, gateways), share(concurrent, gateways));
    }

    private static long share(long limit, int gateways) {
        return limit == 0 ? 0 : Math.max(1, limit / gateways);
    }
}
