package dev.baton.control.quota;

import java.time.Duration;
import java.util.Optional;

/**
 * One gateway's own books of one tenant or key while Redis is away. They begin full, as others may have taken all the rest,
 * and empty at the pace of this gateway's share: so gateways that each keep to their share never let in more together than
 * the limit, whatever was taken before. A gateway that knows of no other begins where Redis stood. Places begin at what
 * runs here already and grow to the share within a minute. Not safe for threads; time is what the caller passes.
 */
public final class LocalQuota {
    private final long beganNanos;
    private long beganRunning;
    private final boolean alone;
    private Taken taken;
    private long atNanos;
    private double spentRequests;
    private double spentTokens;

    private LocalQuota(Taken taken, boolean alone, long nowNanos) {
        this.taken = taken;
        this.alone = alone;
        this.beganRunning = taken.running();
        this.beganNanos = nowNanos;
        this.atNanos = nowNanos;
    }

    /** @param running requests of this gateway under way */
    public static LocalQuota amongOthers(Limits share, long running, long nowNanos) {
        return new LocalQuota(new Taken(share.requestsPerMinute(), share.tokensPerMinute(), running), false, nowNanos);
    }

    /** @param taken what Redis last said, brought up to now */
    public static LocalQuota alone(Taken taken, long running, long nowNanos) {
        return new LocalQuota(new Taken(taken.requests(), taken.tokens(), running), true, nowNanos);
    }

    /** Takes what a request needs, or says why not. */
    public Optional<Refusal> reserve(Limits share, long charge, long nowNanos) {
        Optional<Refusal> refusal = check(share, charge, nowNanos);
        if (refusal.isEmpty()) {
            take(charge);
        }
        return refusal;
    }

    /** Says why a request would not be let in now. */
    public Optional<Refusal> check(Limits share, long charge, long nowNanos) {
        taken = taken(share, nowNanos);
        atNanos = nowNanos;
        Limits rates = new Limits(share.requestsPerMinute(), share.tokensPerMinute(), 0);
        return taken.refusal(rates, charge)
                .or(() -> share.concurrent() > 0 && taken.running() >= places(share.concurrent(), nowNanos)
                        ? Optional.of(Taken.NO_PLACE)
                        : Optional.empty());
    }

    /** Takes what a request needs, after {@link #check}. */
    public void take(long charge) {
        taken = taken.plus(charge);
        spentRequests++;
        spentTokens += charge;
    }

    /** A request that these books did not let in runs here all the same. */
    public void joined() {
        beganRunning++;
        taken = new Taken(taken.requests(), taken.tokens(), taken.running() + 1);
    }

    /** A request has ended that these books did not let in. */
    public void ended() {
        taken = new Taken(taken.requests(), taken.tokens(), Math.max(0, taken.running() - 1));
    }

    /**
     * A request has ended that was let in by these books.
     *
     * @param served false: nothing was computed for it, so that it does not count
     */
    public void ended(long charge, boolean served, long tokens) {
        double requests = served ? 0 : 1;
        taken = new Taken(
                Math.max(0, taken.requests() - requests),
                Math.max(0, taken.tokens() + tokens - charge),
                Math.max(0, taken.running() - 1));
        spentRequests -= requests;
        spentTokens += tokens - charge;
    }

    public Taken taken(Limits share, long nowNanos) {
        return taken.after(Duration.ofNanos(nowNanos - atNanos), share);
    }

    /** Requests that Redis has not heard of. */
    public double spentRequests() {
        return spentRequests;
    }

    public double spentTokens() {
        return spentTokens;
    }

    private long places(long share, long nowNanos) {
        double minutes =
                (nowNanos - beganNanos) / (double) Duration.ofMinutes(1).toNanos();
        return alone ? share : Math.min(share, beganRunning + (long) (share * minutes));
    }
}
