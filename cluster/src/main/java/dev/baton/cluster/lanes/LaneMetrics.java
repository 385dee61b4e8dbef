package dev.baton.cluster.lanes;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** Meters of lanes. Safe for use by any thread. */
public final class LaneMetrics {
    private final AtomicInteger outstanding = new AtomicInteger();
    private final Timer sent;
    private final Timer waited;
    private final Counter unsent;
    private final Counter dead;
    private final Counter commits;

    public LaneMetrics(MeterRegistry registry) {
        sent = Timer.builder("baton.lane.send")
                .description("Record handed to the producer until Kafka confirmed it")
                .publishPercentileHistogram()
                .register(registry);
        waited = Timer.builder("baton.lane.wait")
                .description("Record written until a worker read it, by the clocks of both machines")
                .publishPercentileHistogram()
                .register(registry);
        unsent = registry.counter("baton.lane.send.failures");
        dead = registry.counter("baton.lane.dead.letters");
        commits = registry.counter("baton.lane.commits");
        Gauge.builder("baton.lane.outstanding", outstanding, AtomicInteger::get)
                .description("Records read and not completed")
                .register(registry);
    }

    void sent(Duration time) {
        sent.record(time);
    }

    void waited(Duration time) {
        waited.record(time.isNegative() ? Duration.ZERO : time);
    }

    void unsent() {
        unsent.increment();
    }

    void dead() {
        dead.increment();
    }

    void committed() {
        commits.increment();
    }

    void outstanding(int count) {
        outstanding.set(count);
    }
}
