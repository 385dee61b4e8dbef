package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Timing;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The parts of the time to first token, measured by two clocks. */
class TtftBreakdownTest {
    private static final Instant PREPARED = Instant.parse("2026-11-22T12:00:00Z");

    /** The worker's clock is ahead by an hour, a second, behind by a second; the gateway knows by how much. */
    @ParameterizedTest
    @ValueSource(longs = {0, 3_600_000_000L, 1_000_000L, -1_000_000L})
    void partsOfTwoClocksAddUpToTheTotal(long aheadUs) {
        TtftBreakdown.Builder times = new TtftBreakdown.Builder(PREPARED);
        times.attempt(1, at(1_000));
        times.note(report(aheadUs, 3_000, 5_000, 45_000), true, aheadUs);
        times.firstToken(at(46_000));
        TtftBreakdown timing = times.build();

        assertThat(timing.admission()).isEqualTo(Duration.ofMillis(1));
        assertThat(timing.kafka()).isEqualTo(Duration.ofMillis(2));
        assertThat(timing.queue()).isEqualTo(Duration.ofMillis(2));
        assertThat(timing.prefill()).isEqualTo(Duration.ofMillis(40));
        assertThat(timing.firstToken()).isEqualTo(Duration.ofMillis(1));
        assertThat(timing.total()).isEqualTo(Duration.ofMillis(46));
    }

    /** Half a round trip is what a clock's difference may be wrong by: more than a job needs on its way. */
    @ParameterizedTest
    @ValueSource(longs = {-2_500, -700, 700, 2_500})
    void aDifferenceThatIsALittleWrongTakesNothingFromTheSum(long error) {
        TtftBreakdown.Builder times = new TtftBreakdown.Builder(PREPARED);
        times.attempt(1, at(1_000));
        times.note(report(error, 1_400, 5_000, 45_000), true, 0);
        times.firstToken(at(45_300));
        TtftBreakdown timing = times.build();

        assertThat(sum(timing)).isEqualTo(timing.total());
        assertThat(timing.prefill()).isEqualTo(Duration.ofMillis(40));
        assertThat(parts(timing)).noneMatch(Duration::isNegative);
    }

    @Test
    void whateverAWorkerReportsNoPartIsNegativeAndAllAddUp() {
        Random random = new Random(7);
        for (int i = 0; i < 10_000; i++) {
            TtftBreakdown.Builder times = new TtftBreakdown.Builder(PREPARED);
            times.attempt(1, at(random.nextInt(2_000)));
            long seen = random.nextInt(100_000) - 20_000;
            long computed = seen + random.nextInt(50_000);
            times.note(report(0, seen, computed, computed + random.nextInt(50_000)), true, random.nextInt(9) - 4);
            times.firstToken(at(2_000 + random.nextInt(100_000)));
            TtftBreakdown timing = times.build();
            assertThat(sum(timing)).isEqualTo(timing.total());
            assertThat(parts(timing)).noneMatch(Duration::isNegative);
        }
    }

    private static Stream<Duration> parts(TtftBreakdown timing) {
        return Stream.of(timing.admission(), timing.kafka(), timing.queue(), timing.prefill(), timing.firstToken())
                .map(Objects::requireNonNull);
    }

    private static Duration sum(TtftBreakdown timing) {
        return parts(timing).reduce(Duration.ZERO, Duration::plus);
    }

    private static Timing report(long aheadUs, long seen, long computed, long sampled) {
        long start = ChronoUnit.MICROS.between(Instant.EPOCH, PREPARED) + aheadUs;
        return Timing.newBuilder()
                .setJobSeenUs(start + seen)
                .setComputeStartedUs(start + computed)
                .setFirstTokenUs(start + sampled)
                .build();
    }

    private static Instant at(long micros) {
        return PREPARED.plus(micros, ChronoUnit.MICROS);
    }
}
