package dev.baton.gateway.observe;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** The edge's meters; their names and meaning are listed in docs/operations.md. */
public final class EdgeMetrics {
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(2),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(20),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(200),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
    };

    private static final int LINES = 20;
    private static final Duration LINES_WITHIN = Duration.ofSeconds(10);

    private final MeterRegistry registry;
    private final TenantTag tenants;
    final GenAiMetrics genAi;

    /** Of refusals and failures of one kind, so that no client floods the log; all are counted here. */
    final LineLimit lines = new LineLimit(LINES, LINES_WITHIN);

    final Timer firstToken;
    final Timer betweenTokens;
    final Timer perToken;
    final AtomicInteger inFlight = new AtomicInteger();
    final AtomicInteger queued = new AtomicInteger();

    /** @param tenantsByName so many tenants are told apart by tags */
    public EdgeMetrics(MeterRegistry registry, int tenantsByName) {
        this.registry = registry;
        this.tenants = new TenantTag(tenantsByName);
        this.genAi = new GenAiMetrics(registry);
        this.firstToken = timer("baton.gateway.ttft", "Request received until its first token was accepted");
        this.betweenTokens = timer("baton.gateway.inter.token", "Between two tokens of one choice");
        this.perToken = timer("baton.gateway.tpot", "Mean time per token after the first, one value per choice");
        Gauge.builder("baton.gateway.requests.in.flight", inFlight, AtomicInteger::get)
                .description("Requests dispatched and not ended")
                .register(registry);
        Gauge.builder("baton.gateway.requests.queued", queued, AtomicInteger::get)
                .description("Requests dispatched that no worker has claimed yet")
                .register(registry);
    }

    private Timer timer(String name, String description) {
        return Timer.builder(name)
                .description(description)
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    Clock clock() {
        return registry.config().clock();
    }

    void tokens(String tenant, String model, String kind, int tokens) {
        Counter.builder("baton.gateway.tokens")
                .description("Tokens of requests that ended; cached ones are of the prompt's")
                .tags("kind", kind, "tenant", tenants.of(tenant), "model", model)
                .register(registry)
                .increment(tokens);
    }

    void ended(String endpoint, String tenant, String status, long nanos) {
        Timer.builder("baton.gateway.requests")
                .description("Requests by endpoint, tenant and status; 499 is a client that left")
                .tags("endpoint", endpoint, "tenant", tenants.of(tenant), "status", status)
                .register(registry)
                .record(Duration.ofNanos(nanos));
    }
}
