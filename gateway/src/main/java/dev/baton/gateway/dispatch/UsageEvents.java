package dev.baton.gateway.dispatch;

import dev.baton.cluster.redis.PeriodicTask;
import dev.baton.protocol.v1.UsageEvent;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends usage events to Kafka; one that it does not take waits in a spool and is sent later. One that the spool does not
 * take either is counted and logged with its figures; no answer waits for it. Any thread.
 */
final class UsageEvents implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UsageEvents.class);
    private static final int MOST_UNCONFIRMED = 4_096;
    private static final int BATCH = 256;
    private static final Duration SEND_EVERY = Duration.ofMillis(500);
    private static final Duration BATCH_LIMIT = Duration.ofSeconds(10);

    private final Function<UsageEvent, CompletionStage<Void>> kafka;
    private final UsageSpool spool;
    private final Counter lost;
    private final CircuitBreaker breaker;
    private final Bulkhead bulkhead;
    private final AtomicBoolean spooling = new AtomicBoolean();
    private final AtomicBoolean losing = new AtomicBoolean();
    private final PeriodicTask later;

    /** @param kafka sends one event; the spool is closed with this */
    UsageEvents(Function<UsageEvent, CompletionStage<Void>> kafka, UsageSpool spool, MeterRegistry registry) {
        this.kafka = kafka;
        this.spool = spool;
        this.lost = Counter.builder("baton.dispatch.usage.lost")
                .description("usage events that neither Kafka nor the spool took; their figures are in the log")
                .register(registry);
        Gauge.builder("baton.dispatch.usage.spooled", spool, UsageSpool::bytes)
                .description("usage events that wait for Kafka, on this host's disk")
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("baton.dispatch.usage.damaged", spool, UsageSpool::damaged)
                .description("places in the spool that could not be read; what lay behind each is lost")
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
        this.later = new PeriodicTask("usage-spool", SEND_EVERY, this::sendSpooled).start();
    }

    void publish(UsageEvent event) {
        CircuitBreaker.decorateCompletionStage(
                        breaker, Bulkhead.decorateCompletionStage(bulkhead, () -> kafka.apply(event)))
                .get()
                .whenComplete((sent, failure) -> {
                    if (failure != null) {
                        keep(event, failure);
                    }
                });
    }

    private void keep(UsageEvent event, Throwable failure) {
        if (spool.add(event)) {
            if (spooling.compareAndSet(false, true)) {
                LOG.warn("Kafka takes no usage events (spring.kafka.*); they wait on disk: {}", failure.toString());
            }
            return;
        }
        lost.increment();
        if (losing.compareAndSet(false, true)) {
            LOG.error("The usage spool takes no more (baton.usage.spool, baton.usage.spool-max): events are lost");
        }
        LOG.warn(
                "usage of request {} is lost: tenant {}, prompt {}, completion {}",
                event.getRequestId(),
                event.getTenant(),
                event.getPromptTokens(),
                event.getCompletionTokens());
    }

    private void sendSpooled() {
        // One at first: a broker that is away must not hold up the jobs' way to it for a whole batch.
        int most = 1;
        for (List<UsageEvent> oldest = spool.oldest(most); !oldest.isEmpty(); oldest = spool.oldest(most)) {
            List<UsageEvent> confirmed = send(oldest);
            spool.sent(confirmed);
            if (confirmed.size() < oldest.size()) {
                return;
            }
            most = BATCH;
        }
        losing.set(false);
        if (spooling.compareAndSet(true, false)) {
            LOG.info("Kafka has the usage events that waited on disk");
        }
    }

    /** Those from the first on that Kafka has confirmed. */
    private List<UsageEvent> send(List<UsageEvent> events) {
        List<CompletableFuture<Void>> all = events.stream()
                .map(event -> kafka.apply(event)
                        .toCompletableFuture()
                        .orTimeout(BATCH_LIMIT.toMillis(), TimeUnit.MILLISECONDS))
                .toList();
        List<UsageEvent> confirmed = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            try {
                all.get(i).join();
                confirmed.add(events.get(i));
            } catch (CompletionException e) {
                LOG.debug("Kafka does not take usage events yet", e);
                break;
            }
        }
        return confirmed;
    }

    @Override
    public void close() {
        later.close();
        try {
            spool.close();
        } catch (IOException e) {
            LOG.warn("The usage spool did not close: {}", e.toString());
        }
    }
}
