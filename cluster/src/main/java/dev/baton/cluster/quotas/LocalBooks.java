package dev.baton.cluster.quotas;

import dev.baton.control.quota.Limits;
import dev.baton.control.quota.LocalQuota;
import dev.baton.control.quota.Refusal;
import dev.baton.control.quota.Taken;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * A gateway's own books while Redis is away, one a scope, and what it last heard from Redis. Its owner guards it.
 */
final class LocalBooks {
    /** Each scope is a tenant or a key of the key file; after keys were exchanged many times the old ones go. */
    private static final int MOST_SCOPES = 100_000;

    private final Map<QuotaScope, Heard> heard = new HashMap<>();
    private final Map<QuotaScope, LocalQuota> books = new HashMap<>();
    private final Map<QuotaScope, Taken> spent = new HashMap<>();
    private int gateways;

    private record Heard(Taken taken, long atNanos) {}

    /** Gateways that live, as last told; 0: none ever was. */
    void gateways(int living) {
        gateways = living;
    }

    int gateways() {
        return gateways;
    }

    void heard(QuotaScope scope, Taken taken, long nowNanos) {
        if (heard.size() >= MOST_SCOPES) {
            heard.clear();
        }
        heard.put(scope, new Heard(taken, nowNanos));
    }

    /** Redis let in a request while these books are open: its answer came late. */
    void joined(List<ScopedLimits> scopes) {
        for (ScopedLimits each : scopes) {
            LocalQuota quota = books.get(each.scope());
            if (quota != null) {
                quota.joined();
            }
        }
    }

    /**
     * Takes from the shares of all scopes or from none.
     *
     * @param running requests of a scope under way here
     */
    QuotaOutcome reserve(List<ScopedLimits> scopes, long tokens, ToLongFunction<QuotaScope> running, long nowNanos) {
        List<LocalQuota> quotas = new ArrayList<>();
        Refusal refusal = null;
        int by = 0;
        for (int i = 0; i < scopes.size(); i++) {
            LocalQuota quota = book(scopes.get(i), running, nowNanos);
            Limits share = share(scopes.get(i).limits());
            Optional<Refusal> here = quota.check(share, Taken.charge(tokens, share), nowNanos);
            if (here.isPresent() && (refusal == null || here.get().retryAfter().compareTo(refusal.retryAfter()) > 0)) {
                refusal = here.get();
                by = i;
            }
            quotas.add(quota);
        }
        List<Standing> standings = new ArrayList<>();
        for (int i = 0; i < scopes.size(); i++) {
            Limits share = share(scopes.get(i).limits());
            if (refusal == null) {
                quotas.get(i).take(Taken.charge(tokens, share));
            }
            standings.add(
                    new Standing(scopes.get(i).scope(), share, quotas.get(i).taken(share, nowNanos)));
        }
        return refusal == null
                ? new QuotaOutcome.Admitted(standings)
                : new QuotaOutcome.Refused(refusal, standings.get(by), standings);
    }

    Standing standing(ScopedLimits of, ToLongFunction<QuotaScope> running, long nowNanos) {
        Limits share = share(of.limits());
        return new Standing(of.scope(), share, book(of, running, nowNanos).taken(share, nowNanos));
    }

    /** @param reserved tokens that were reserved in these books; -1: it was let in by Redis */
    void ended(List<ScopedLimits> scopes, long reserved, boolean served, long tokens) {
        for (ScopedLimits each : scopes) {
            LocalQuota quota = books.get(each.scope());
            if (quota == null) {
                continue;
            }
            if (reserved < 0) {
                quota.ended();
            } else {
                quota.ended(Taken.charge(reserved, share(each.limits())), served, tokens);
            }
        }
    }

    /** Redis is back: what these books have spent is told to it with the next reservation of each scope. */
    void close() {
        books.forEach((scope, quota) -> putBackSpent(scope, new Taken(quota.spentRequests(), quota.spentTokens(), 0)));
        books.clear();
    }

    Taken takeSpent(QuotaScope scope) {
        Taken all = spent.remove(scope);
        return all == null ? Taken.NOTHING : new Taken(Math.max(0, all.requests()), Math.max(0, all.tokens()), 0);
    }

    void putBackSpent(QuotaScope scope, Taken more) {
        if (!more.equals(Taken.NOTHING)) {
            spent.merge(
                    scope,
                    more,
                    (one, other) -> new Taken(one.requests() + other.requests(), one.tokens() + other.tokens(), 0));
        }
    }

    private LocalQuota book(ScopedLimits of, ToLongFunction<QuotaScope> running, long nowNanos) {
        return books.computeIfAbsent(of.scope(), scope -> {
            if (gateways != 1) {
                return LocalQuota.amongOthers(share(of.limits()), running.applyAsLong(scope), nowNanos);
            }
            Heard last = heard.get(scope);
            Taken taken = last == null
                    ? Taken.NOTHING
                    : last.taken.after(Duration.ofNanos(nowNanos - last.atNanos), of.limits());
            return LocalQuota.alone(taken, running.applyAsLong(scope), nowNanos);
        });
    }

    /** Before any other gateway was ever counted, the least that there is. */
    private Limits share(Limits limits) {
        return limits.share(gateways == 0 ? Integer.MAX_VALUE : gateways);
    }
}
