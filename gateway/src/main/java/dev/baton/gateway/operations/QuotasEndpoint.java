package dev.baton.gateway.operations;

import dev.baton.cluster.quotas.QuotaBook.TimedChange;
import dev.baton.cluster.quotas.QuotaScope;
import dev.baton.cluster.quotas.ScopedLimits;
import dev.baton.cluster.quotas.SharedQuotas;
import dev.baton.cluster.quotas.Standing;
import dev.baton.control.quota.LimitChange;
import dev.baton.control.quota.Limits;
import dev.baton.gateway.auth.Authenticator;
import dev.baton.gateway.auth.Identity;
import dev.baton.gateway.quota.TenantQuotas;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** {@code /actuator/quotas}: limits in force and what is left of them; a tenant's limits changed for a while, or reset. */
@Endpoint(id = "quotas")
public class QuotasEndpoint {
    /** Tenants beyond this are not listed; each can be asked for. */
    private static final int MOST = 500;

    private static final int AT_ONCE = 16;
    private static final Duration USUAL = Duration.ofHours(1);
    private static final Duration LONGEST = Duration.ofDays(31);

    private final Authenticator callers;
    private final TenantQuotas quotas;
    private final SharedQuotas shared;

    QuotasEndpoint(Authenticator callers, TenantQuotas quotas, SharedQuotas shared) {
        this.callers = callers;
        this.quotas = quotas;
        this.shared = shared;
    }

    /**
     * Of all tenants with limits.
     *
     * @param shared false: Redis is away, and the numbers are those of this gateway's share
     * @param gateways that lived when Redis was last reached
     */
    public record Quotas(boolean shared, int gateways, List<TenantQuota> quotas) {}

    /**
     * Of a tenant.
     *
     * @param shared as in {@link Quotas}
     * @param override what an operator has set for now; null: nothing
     * @param requestsLeft null where there is no limit, like {@code tokensLeft}
     * @param runningNow null where nothing is counted, since nothing is limited
     * @param keys those with limits of their own
     */
    public record TenantQuota(
            String tenant,
            boolean shared,
            Limits limits,
            @Nullable Change override,
            @Nullable Long requestsLeft,
            @Nullable Long tokensLeft,
            @Nullable Long runningNow,
            List<KeyQuota> keys) {}

    public record KeyQuota(
            String key,
            Limits limits,
            @Nullable Long requestsLeft,
            @Nullable Long tokensLeft,
            @Nullable Long runningNow) {}

    /**
     * An override.
     *
     * @param requestsPerMinute null: as configured, like the others
     */
    public record Change(
            @Nullable Long requestsPerMinute,
            @Nullable Long tokensPerMinute,
            @Nullable Long concurrent,
            long secondsLeft) {
        static @Nullable Change of(@Nullable TimedChange change) {
            return change == null
                    ? null
                    : new Change(
                            change.change().requestsPerMinute(),
                            change.change().tokensPerMinute(),
                            change.change().concurrent(),
                            change.left().toSeconds());
        }
    }

    @ReadOperation
    public Mono<Quotas> quotas() {
        return Flux.fromIterable(callers.tenants().values())
                .filter(this::isLimited)
                .take(MOST)
                .flatMapSequential(this::view, AT_ONCE)
                .collectList()
                .map(all -> new Quotas(shared.shared(), shared.gateways(), all));
    }

    @ReadOperation
    public Mono<WebEndpointResponse<Object>> quota(@Selector String tenant) {
        List<Identity> keys = callers.tenants().get(tenant);
        return keys == null ? Mono.just(unknown()) : view(keys).map(Answers::of);
    }

    /**
     * Changes limits for a while; what is left out stays as configured.
     *
     * @param lasting at most 31 days; null: an hour
     */
    @WriteOperation
    public Mono<WebEndpointResponse<Object>> override(
            @Selector String tenant,
            @Nullable Long requestsPerMinute,
            @Nullable Long tokensPerMinute,
            @Nullable Long concurrent,
            @Nullable Duration lasting) {
        Duration until = lasting == null ? USUAL : lasting;
        if (until.compareTo(Duration.ofSeconds(1)) < 0 || until.compareTo(LONGEST) > 0) {
            return Mono.just(Answers.problem(
                    HttpStatus.BAD_REQUEST, "lasting must be at least a second and at most 31 days, not " + until));
        }
        LimitChange change;
        try {
            change = new LimitChange(requestsPerMinute, tokensPerMinute, concurrent);
        } catch (IllegalArgumentException e) {
            return Mono.just(Answers.problem(HttpStatus.BAD_REQUEST, String.valueOf(e.getMessage())));
        }
        if (change.nothing()) {
            return Mono.just(Answers.problem(
                    HttpStatus.BAD_REQUEST,
                    "Name one of requestsPerMinute, tokensPerMinute and concurrent at least; 0 takes a limit away."));
        }
        return changed(
                tenant,
                keys -> Mono.fromCompletionStage(shared.override(tenant, new TimedChange(change, until)))
                        .flatMap(done -> done
                                ? view(keys).map(Answers::of)
                                : Mono.just(Answers.problem(
                                        HttpStatus.CONFLICT, "There are too many overrides already: reset some."))));
    }

    /** Ends an override and forgets what the last minute took; what runs still counts. */
    @DeleteOperation
    public Mono<WebEndpointResponse<Object>> reset(@Selector String tenant) {
        return changed(tenant, keys -> {
            List<QuotaScope> scopes = Stream.concat(
                            Stream.of(QuotaScope.of(tenant)),
                            keys.stream().map(key -> quotas.ofKey(key).scope()))
                    .toList();
            return Mono.fromCompletionStage(shared.reset(tenant, scopes))
                    .then(Mono.defer(() -> view(keys)))
                    .map(Answers::of);
        });
    }

    private interface Changing {
        Mono<WebEndpointResponse<Object>> of(List<Identity> keys);
    }

    private Mono<WebEndpointResponse<Object>> changed(String tenant, Changing change) {
        List<Identity> keys = callers.tenants().get(tenant);
        if (keys == null) {
            return Mono.just(unknown());
        }
        return change.of(keys)
                .onErrorResume(failure -> Mono.just(Answers.problem(
                        HttpStatus.SERVICE_UNAVAILABLE,
                        "Redis did not answer (spring.data.redis.*), so it may not have been changed.")));
    }

    private boolean isLimited(List<Identity> keys) {
        return !quotas.ofTenant(keys.getFirst()).limits().none()
                || keys.stream().anyMatch(key -> !key.keyLimits().none())
                || shared.changes().containsKey(keys.getFirst().tenant());
    }

    private Mono<TenantQuota> view(List<Identity> keys) {
        ScopedLimits tenant = quotas.ofTenant(keys.getFirst());
        Mono<List<KeyQuota>> ofKeys = Flux.fromIterable(keys)
                .filter(key -> !key.keyLimits().none())
                .flatMapSequential(
                        key -> Mono.fromCompletionStage(shared.standing(quotas.ofKey(key)))
                                .map(standing -> new KeyQuota(
                                        key.key(),
                                        standing.limits(),
                                        requestsLeft(standing),
                                        tokensLeft(standing),
                                        running(standing))),
                        AT_ONCE)
                .collectList();
        Map<String, TimedChange> changes = shared.changes();
        return Mono.zip(
                Mono.fromCompletionStage(shared.standing(tenant)),
                ofKeys,
                (standing, all) -> new TenantQuota(
                        tenant.scope().tenant(),
                        shared.shared(),
                        standing.limits(),
                        Change.of(changes.get(tenant.scope().tenant())),
                        requestsLeft(standing),
                        tokensLeft(standing),
                        running(standing),
                        all));
    }

    private static @Nullable Long requestsLeft(Standing standing) {
        return standing.limits().requestsPerMinute() == 0
                ? null
                : (Long) standing.taken().remainingRequests(standing.limits());
    }

    private static @Nullable Long tokensLeft(Standing standing) {
        return standing.limits().tokensPerMinute() == 0
                ? null
                : (Long) standing.taken().remainingTokens(standing.limits());
    }

    private static @Nullable Long running(Standing standing) {
        return standing.limits().none() ? null : (Long) standing.taken().running();
    }

    private static WebEndpointResponse<Object> unknown() {
        return Answers.problem(
                HttpStatus.NOT_FOUND,
                "No tenant of that name has a key here; without a key file there is one, " + Authenticator.OPEN_TENANT
                        + ".");
    }
}
