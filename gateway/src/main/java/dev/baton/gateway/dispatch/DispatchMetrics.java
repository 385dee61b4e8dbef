package dev.baton.gateway.dispatch;

import dev.baton.control.Phase;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What Prometheus sees of dispatch. Any thread. */
final class DispatchMetrics {
    private final MeterRegistry registry;

    DispatchMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /** @param outcome stop, length, completed, cancelled, or the failure's or refusal's code in lower case */
    void ended(String outcome) {
        registry.counter("baton.dispatch.ended", "outcome", outcome).increment();
    }

    void ended(Rejection.Reason reason) {
        ended(reason.name().toLowerCase(Locale.ROOT));
    }

    void lostAttempt(Phase phase) {
        registry.counter("baton.dispatch.attempts.lost", "phase", phase.name().toLowerCase(Locale.ROOT))
                .increment();
    }

    void firstToken(TtftBreakdown timing) {
        record("admission", timing.admission());
        record("kafka", timing.kafka());
        record("queue", timing.queue());
        record("prefill", timing.prefill());
        record("first_token", timing.firstToken());
        record("total", timing.total());
    }

    void handedOff(TtftBreakdown timing) {
        record("handoff", timing.handoff());
        record("transfer", timing.transfer());
        record("transfer_exposed", timing.exposedTransfer());
    }

    /** Mean time between the tokens of one request. */
    void perToken(Duration mean) {
        Timer.builder("baton.dispatch.tpot")
                .description("mean time between two tokens of a request")
                .publishPercentileHistogram()
                .register(registry)
                .record(mean);
    }

    private void record(String part, @Nullable Duration duration) {
        if (duration != null) {
            Timer.builder("baton.dispatch.ttft")
                    .description("time to first token, split")
                    .tag("part", part)
                    .publishPercentileHistogram()
                    .register(registry)
                    .record(duration);
        }
    }
}
