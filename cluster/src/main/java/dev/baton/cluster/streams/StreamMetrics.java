package dev.baton.cluster.streams;

import dev.baton.cluster.streams.StreamHandshake.StreamRefusal;
import dev.baton.protocol.v1.Decline;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/** Meters of both sides of the token stream. Safe for use by any thread. */
public final class StreamMetrics {
    private final AtomicInteger sessions = new AtomicInteger();
    private final AtomicInteger kept = new AtomicInteger();
    private final Counter cancelled;
    private final Counter resumed;
    private final Counter suspected;
    private final Counter died;
    private final Timer roundTrip;
    private final Map<Decline.Reason, Counter> declined = new EnumMap<>(Decline.Reason.class);
    private final Map<StreamRefusal.Reason, Counter> refused = new EnumMap<>(StreamRefusal.Reason.class);

    public StreamMetrics(MeterRegistry registry) {
        Gauge.builder("baton.stream.sessions", sessions, AtomicInteger::get)
                .description("Open token streams")
                .register(registry);
        Gauge.builder("baton.stream.kept.requests", kept, AtomicInteger::get)
                .description("Requests whose tokens wait for an acknowledgement")
                .register(registry);
        cancelled = registry.counter("baton.stream.cancels");
        resumed = registry.counter("baton.stream.resumes");
        suspected = registry.counter("baton.stream.suspicions");
        died = registry.counter("baton.stream.deaths");
        for (StreamRefusal.Reason reason : StreamRefusal.Reason.values()) {
            refused.put(
                    reason,
                    Counter.builder("baton.stream.refusals")
                            .description("Handshakes that this side has ended")
                            .tag("reason", reason.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        for (Decline.Reason reason : Decline.Reason.values()) {
            if (reason != Decline.Reason.UNRECOGNIZED && reason != Decline.Reason.REASON_UNSPECIFIED) {
                declined.put(
                        reason,
                        Counter.builder("baton.stream.declines")
                                .description("Records that this worker has read and does not work on")
                                .tag("reason", reason.name().toLowerCase(Locale.ROOT))
                                .register(registry));
            }
        }
        roundTrip = Timer.builder("baton.stream.ping")
                .description("Ping sent until its answer was handled")
                .publishPercentileHistogram()
                .register(registry);
    }

    void sessions(int count) {
        sessions.set(count);
    }

    void kept(int count) {
        kept.set(count);
    }

    void cancelled() {
        cancelled.increment();
    }

    void resumed() {
        resumed.increment();
    }

    void suspected() {
        suspected.increment();
    }

    void died() {
        died.increment();
    }

    void refused(StreamRefusal.Reason reason) {
        Objects.requireNonNull(refused.get(reason)).increment();
    }

    void declined(Decline.Reason reason) {
        Objects.requireNonNull(declined.get(reason)).increment();
    }

    void roundTrip(Duration time) {
        roundTrip.record(time);
    }
}
