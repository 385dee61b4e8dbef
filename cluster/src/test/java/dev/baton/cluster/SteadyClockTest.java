package dev.baton.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SteadyClockTest {
    @ParameterizedTest
    @ValueSource(longs = {31, 600, -3_600})
    void doesNotStepWithTheHostsClock(long seconds) {
        AtomicReference<Instant> host = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
        AtomicLong nanos = new AtomicLong(-5);
        SteadyClock clock = new SteadyClock(host::get, nanos::get);
        Instant start = clock.instant();
        assertThat(start).isEqualTo(host.get());
        host.updateAndGet(now -> now.plusSeconds(seconds));
        nanos.addAndGet(Duration.ofMillis(20).toNanos());
        assertThat(Duration.between(start, clock.instant())).isEqualTo(Duration.ofMillis(20));
    }
}
