package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RecomputeAlarmTest {
    private long nanos = 42;

    @Test
    void isRaisedAboveItsThresholdAndSaidOnceWithinTheTime() {
        RecomputeAlarm alarm = alarm(3);
        for (int i = 0; i < 3; i++) {
            assertThat(alarm.recomputed()).isZero();
        }
        assertThat(alarm.raised()).isFalse();
        assertThat(alarm.recomputed()).isEqualTo(4);
        assertThat(alarm.raised()).isTrue();
        assertThat(alarm.recomputed()).as("said already").isZero();
        assertThat(alarm.recent()).isEqualTo(5);
    }

    @Test
    void isSaidAgainWhileItLastsAndEndsByItself() {
        RecomputeAlarm alarm = alarm(1);
        alarm.recomputed();
        assertThat(alarm.recomputed()).isEqualTo(2);
        for (int second = 0; second < 60; second += 6) {
            pass(Duration.ofSeconds(6));
            assertThat(alarm.recomputed()).as("after %d s", second + 6).isEqualTo(second + 6 < 60 ? 0 : alarm.recent());
        }
        assertThat(alarm.raised()).isTrue();
        pass(Duration.ofSeconds(61));
        assertThat(alarm.raised()).isFalse();
        assertThat(alarm.recent()).isZero();
        pass(Duration.ofDays(400));
        assertThat(alarm.recomputed()).as("one is not above one").isZero();
        assertThat(alarm.recent()).isEqualTo(1);
    }

    @Test
    void forgetsWhatIsOlderThanTheTime() {
        RecomputeAlarm alarm = alarm(5);
        for (int i = 0; i < 20; i++) {
            alarm.recomputed();
            pass(Duration.ofSeconds(20));
            assertThat(alarm.recent()).isBetween(1, 4);
        }
        assertThat(alarm.raised()).isFalse();
    }

    @Test
    void mayBeSwitchedOff() {
        RecomputeAlarm alarm = alarm(0);
        for (int i = 0; i < 100; i++) {
            assertThat(alarm.recomputed()).isZero();
        }
        assertThat(alarm.raised()).isFalse();
        assertThat(alarm.recent()).isEqualTo(100);
    }

    private RecomputeAlarm alarm(int most) {
        return new RecomputeAlarm(most, Duration.ofMinutes(1), () -> nanos);
    }

    private void pass(Duration time) {
        nanos += time.toNanos();
    }
}
