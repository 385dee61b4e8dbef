package dev.baton.gateway.dispatch;

import dev.baton.protocol.v1.UsageEvent;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends usage events to Kafka. One that cannot be sent is counted and logged with its figures; no answer waits for it.
 * Any thread.
 */
final class UsageEvents {
    private static final Logger LOG = LoggerFactory.getLogger(UsageEvents.class);
    private static final int MOST_UNCONFIRMED = 4_096;

    private final JobPublisher jobs;
    private final Counter lost;
    private final CircuitBreaker breaker;
    private final Bulkhead bulkhead;

    UsageEvents(JobPublisher jobs, MeterRegistry registry) {
        this.jobs = jobs;
        this.lost = Counter.builder("baton.dispatch.usage.lost")
                .description("usage events that Kafka did not take; their figures are in the log")
                .register(registry);
        this.breaker = CircuitBreaker.of(
                "kafka-usage",
                CircuitBreakerConfig.custom()
                        .slidingWindowSize(20)
                        .minimumNumberOfCalls(5)
                        .waitDurationInOpenState(Duration.ofSeconds(2))
                        .build());
        this.bulkhead = Bulkhead.of(
                "kafka-usage",
                BulkheadConfig.custom()
                        .maxConcurrentCalls(MOST_UNCONFIRMED)
                        .maxWaitDuration(Duration.ZERO)
                        .build());
    }

    void publish(UsageEvent event) {
        CircuitBreaker.decorateCompletionStage(
                        breaker, Bulkhead.decorateCompletionStage(bulkhead, () -> jobs.usage(event)))
                .get()
                .whenComplete((sent, failure) -> {
                    if (failure != null) {
                        lost.increment();
                        LOG.warn(
                                "usage of request {} could not be sent to Kafka (spring.kafka.*): tenant {}, prompt {},"
                                        + " completion {}: {}",
                                event.getRequestId(),
                                event.getTenant(),
                                event.getPromptTokens(),
                                event.getCompletionTokens(),
                                failure.toString());
                    }
                });
    }
}
