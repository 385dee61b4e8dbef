package dev.baton.gateway.dispatch;

import dev.baton.cluster.requests.RequestStates;
import dev.baton.control.CasOutcome;
import dev.baton.control.Effect;
import dev.baton.control.RequestEvent;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.GatewayRef;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes this gateway's requests to Redis, behind a circuit breaker: while Redis is away a call fails at once, not after
 * its timeout. Any thread.
 */
final class RequestStore {
    private static final Logger LOG = LoggerFactory.getLogger(RequestStore.class);

    private final RequestStates states;
    private final GatewayRef gateway;
    private final Clock clock;
    private final CircuitBreaker breaker;

    RequestStore(RequestStates states, GatewayRef gateway, Clock clock) {
        this.clock = clock;
        this.states = states;
        this.gateway = gateway;
        this.breaker = CircuitBreaker.of(
                "redis-requests",
                CircuitBreakerConfig.custom()
                        .slidingWindowSize(20)
                        .minimumNumberOfCalls(5)
                        .failureRateThreshold(50)
                        .waitDurationInOpenState(Duration.ofMillis(500))
                        .permittedNumberOfCallsInHalfOpenState(3)
                        .automaticTransitionFromOpenToHalfOpenEnabled(false)
                        // By the host's clock, a step back would keep it open for as long.
                        .clock(clock)
                        .build());
    }

    /** Writes an attempt: creates the request with its first one, raises it with the others. */
    CompletionStage<CasOutcome> record(String requestId, Attempt attempt, Instant deadline) {
        Duration left = Duration.between(clock.instant(), deadline);
        return breaker.executeCompletionStage(() -> attempt.getNumber() == 1
                ? states.create(requestId, attempt, gateway, left)
                : states.raise(requestId, attempt, gateway, left));
    }

    /** What the machine of a request hears of a write of its attempt. */
    static RequestEvent answer(int attempt, @Nullable CasOutcome outcome, @Nullable Throwable failure) {
        if (outcome == null) {
            return new RequestEvent.StoreUnavailable(
                    attempt, "Redis does not answer (spring.data.redis.*): " + failure);
        }
        return outcome.holds() ? new RequestEvent.AttemptRecorded(attempt) : new RequestEvent.OwnershipLost(attempt);
    }

    /** Makes this gateway the request's owner, and gives the highest number of the attempts so far. */
    CompletionStage<Integer> adopt(String requestId) {
        return breaker.executeCompletionStage(() -> states.adopt(requestId, gateway));
    }

    /**
     * Writes a second attempt beside another. Fails when that one is not the current one there, as where Redis was emptied:
     * then there is no second one.
     */
    CompletionStage<CasOutcome> hedge(String requestId, Attempt hedge, Attempt beside) {
        return breaker.executeCompletionStage(() -> states.hedge(requestId, hedge, beside, gateway))
                .thenApply(outcome -> {
                    if (!outcome.holds() && outcome != CasOutcome.NOT_OWNER) {
                        throw new IllegalStateException("no second attempt: " + outcome);
                    }
                    return outcome;
                });
    }

    /** Writes which of two live attempts is left. When that fails the other may be claimed, for nobody. */
    void settle(String requestId, Attempt winner) {
        breaker.executeCompletionStage(() -> states.settle(requestId, winner, gateway))
                .whenComplete((outcome, failure) -> {
                    if (failure != null) {
                        LOG.debug("the live attempt of request {} could not be written to Redis", requestId, failure);
                    }
                });
    }

    /** Writes the last phase. When that fails the hash ends by itself after its deadline. */
    void end(String requestId, Effect.RecordEnd end) {
        breaker.executeCompletionStage(() -> states.end(requestId, end.attempt(), end.phase(), gateway))
                .whenComplete((outcome, failure) -> {
                    if (failure != null) {
                        LOG.debug("the end of request {} could not be written to Redis", requestId, failure);
                    }
                });
    }
}
