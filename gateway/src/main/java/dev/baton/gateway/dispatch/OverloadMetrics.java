package dev.baton.gateway.dispatch;

import dev.baton.control.admission.Overload;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.stream.LongStream;

/** What was predicted, and what became of it. Any thread. */
final class OverloadMetrics {
    private static final Duration[] LATE = LongStream.of(50, 100, 200, 500, 1_000, 2_000, 5_000)
            .mapToObj(Duration::ofMillis)
            .toArray(Duration[]::new);

    private final Timer predicted;
    private final DistributionSummary error;
    private final Timer told;
    private final Timer late;

    OverloadMetrics(Overload overload, MeterRegistry meters) {
        this.predicted = Timer.builder("baton.dispatch.ttft.predicted")
                .description("time to first token that was predicted of requests that were let in")
                .publishPercentileHistogram()
                .register(meters);
        this.error = DistributionSummary.builder("baton.dispatch.ttft.error")
                .description("real over predicted time to first token, of requests that were predicted to wait")
                .serviceLevelObjectives(0.25, 0.5, 0.75, 0.9, 1.1, 1.33, 2, 4)
                .register(meters);
        this.told = Timer.builder("baton.dispatch.retry.told")
                .description("Retry-After of requests that were sent away for overload")
                .publishPercentileHistogram()
                .register(meters);
        this.late = Timer.builder("baton.dispatch.retry.late")
                .description("how long after the time that it was told a request came again and was let in")
                .serviceLevelObjectives(LATE)
                .register(meters);
        Gauge.builder("baton.dispatch.bookings", overload, Overload::booked)
                .description("requests that were sent away and are kept places")
                .register(meters);
        FunctionCounter.builder("baton.dispatch.bookings.kept", overload, Overload::kept)
                .description("requests that took the places that were kept for them")
                .register(meters);
        FunctionCounter.builder("baton.dispatch.bookings.lapsed", overload, Overload::lapsed)
                .description("requests that were kept places and did not come in time")
                .register(meters);
    }

    void letIn(double seconds) {
        predicted.record(ofSeconds(seconds));
    }

    /** @param ratio real over predicted */
    void firstToken(double ratio) {
        error.record(ratio);
    }

    void sentAway(Duration retryAfter) {
        told.record(retryAfter);
    }

    void cameAgain(Duration afterTold) {
        late.record(afterTold.isNegative() ? Duration.ZERO : afterTold);
    }

    private static Duration ofSeconds(double seconds) {
        return Duration.ofNanos((long) (seconds * 1e9));
    }
}
