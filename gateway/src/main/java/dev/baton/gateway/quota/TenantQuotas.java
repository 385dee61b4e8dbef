package dev.baton.gateway.quota;

import dev.baton.cluster.quotas.QuotaBook.TimedChange;
import dev.baton.cluster.quotas.QuotaOutcome;
import dev.baton.cluster.quotas.QuotaScope;
import dev.baton.cluster.quotas.ScopedLimits;
import dev.baton.cluster.quotas.SharedQuotas;
import dev.baton.cluster.quotas.Standing;
import dev.baton.control.quota.Limits;
import dev.baton.control.quota.QuotaKind;
import dev.baton.gateway.auth.Identity;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import dev.baton.gateway.observe.RequestTrace;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;

/**
 * Keeps each request within the limits of its tenant and of its key: those of the settings, over them the key file's, over
 * them what an operator has set for now. Any thread.
 */
public final class TenantQuotas {
    private static final Duration SOON = Duration.ofSeconds(1);

    private final SharedQuotas shared;
    private final Limits usual;
    private final MeterRegistry meters;

    /** @param usual limits of a tenant of which the key file says nothing */
    public TenantQuotas(SharedQuotas shared, Limits usual, MeterRegistry meters) {
        this.shared = shared;
        this.usual = usual;
        this.meters = meters;
        Gauge.builder("baton.gateway.quota.shared", shared, quotas -> quotas.shared() ? 1 : 0)
                .description("1 while Redis keeps the quotas, 0 while this gateway keeps its share of them")
                .register(meters);
    }

    /**
     * Runs an answer once there is room for it, and settles what it took when it has ended, in whatever way.
     *
     * @param most tokens that it can take
     * @param headers hears what the answer is to say of the limits
     */
    public Mono<Void> within(
            Identity caller,
            RequestTrace trace,
            long most,
            Consumer<Map<String, String>> headers,
            Supplier<Mono<Void>> answer) {
        List<ScopedLimits> scopes = scopes(caller);
        if (scopes.isEmpty()) {
            return answer.get();
        }
        return Mono.using(
                () -> shared.reserve(trace.requestId(), most, scopes),
                place -> Mono.fromCompletionStage(place.outcome()).flatMap(outcome -> {
                    admit(outcome, most, headers);
                    return answer.get();
                }),
                place -> place.settle(trace.served(), trace.tokens()));
    }

    /** A place that outlives the call that took it. */
    public interface Held {
        /**
         * To be called once the request has ended; only the first call counts.
         *
         * @param served false: no worker took it
         * @param tokens of its prompt and its answer
         */
        void settle(boolean served, long tokens);
    }

    /**
     * As {@link #within}, for a request that may run on when its client leaves.
     *
     * @param answer is given the place, and from then on has to settle it whatever happens; never called when the client left
     *     before
     */
    public Mono<Void> hold(
            Identity caller,
            String request,
            long most,
            Consumer<Map<String, String>> headers,
            Function<Held, Mono<Void>> answer) {
        List<ScopedLimits> scopes = scopes(caller);
        if (scopes.isEmpty()) {
            return Mono.defer(() -> answer.apply((served, tokens) -> {}));
        }
        return Mono.defer(() -> {
            SharedQuotas.Place place = shared.reserve(request, most, scopes);
            AtomicBoolean given = new AtomicBoolean();
            return Mono.fromCompletionStage(place.outcome())
                    .flatMap(outcome -> {
                        admit(outcome, most, headers);
                        return given.compareAndSet(false, true) ? answer.apply(place::settle) : Mono.empty();
                    })
                    // A client that leaves later is told here too: it does not give back what runs on.
                    .doFinally(end -> {
                        if (given.compareAndSet(false, true)) {
                            place.settle(false, 0);
                        }
                    });
        });
    }

    private void admit(QuotaOutcome outcome, long most, Consumer<Map<String, String>> headers) {
        switch (outcome) {
            case QuotaOutcome.Admitted admitted -> headers.accept(RateLimitHeaders.of(admitted.standings()));
            case QuotaOutcome.Refused refused -> throw new ApiException(error(refused, most));
            case QuotaOutcome.Unavailable gone ->
                throw new ApiException(ApiError.unavailable(
                        "Quotas cannot be kept while Redis is away (setting baton.quotas.without-redis).",
                        "state_unavailable",
                        SOON));
        }
    }

    private List<ScopedLimits> scopes(Identity caller) {
        List<ScopedLimits> scopes = new ArrayList<>();
        ScopedLimits tenant = ofTenant(caller);
        if (!tenant.limits().none()) {
            scopes.add(tenant);
        }
        if (!caller.keyLimits().none()) {
            scopes.add(ofKey(caller));
        }
        return scopes;
    }

    /** The limits of all keys of a tenant together, as they are in force. */
    public ScopedLimits ofTenant(Identity caller) {
        Limits configured = caller.tenantLimits().over(usual);
        TimedChange change = shared.changes().get(caller.tenant());
        return new ScopedLimits(
                QuotaScope.of(caller.tenant()),
                change == null ? configured : change.change().over(configured));
    }

    /** The limits of one key. */
    public ScopedLimits ofKey(Identity caller) {
        return new ScopedLimits(new QuotaScope(caller.tenant(), caller.key()), caller.keyLimits());
    }

    private ApiError error(QuotaOutcome.Refused refused, long most) {
        QuotaKind kind = refused.refusal().kind();
        meters.counter("baton.gateway.quota.refusals", "kind", kind.name().toLowerCase(Locale.ROOT))
                .increment();
        Standing by = refused.by();
        Duration wait = refused.refusal().retryAfter();
        String whose = by.scope().key().isEmpty()
                ? "tenant " + by.scope().tenant()
                : "key " + by.scope().key() + " of tenant " + by.scope().tenant();
        String message = switch (kind) {
            case REQUESTS ->
                "Too many requests a minute for " + whose + ": the limit is "
                        + by.limits().requestsPerMinute() + ".";
            case TOKENS ->
                "Too many tokens a minute for " + whose + ": the limit is "
                        + by.limits().tokensPerMinute() + ", and this request may take " + most
                        + " (its prompt and max_tokens).";
            case CONCURRENT ->
                "Too many requests at once for " + whose + ": the limit is "
                        + by.limits().concurrent() + ".";
        };
        return ApiError.rateLimited(
                kind == QuotaKind.TOKENS ? "tokens" : "requests",
                message + " Please try again in " + RateLimitHeaders.duration(wait) + ".",
                wait,
                RateLimitHeaders.of(refused.standings()));
    }
}
