package dev.baton.gateway.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LineLimitTest {
    private final LineLimit limit = new LineLimit(2, Duration.ofNanos(100));

    @Test
    void writesSoManyLinesOfAKindWithinATimeAndThenTellsHowManyItLeftOut() {
        assertThat(limit.next("a", 1_000)).isZero();
        assertThat(limit.next("a", 1_010)).isZero();
        assertThat(limit.next("a", 1_020)).isEqualTo(-1);
        assertThat(limit.next("a", 1_099)).isEqualTo(-1);
        assertThat(limit.next("b", 1_099)).as("another kind").isZero();
        assertThat(limit.next("a", 1_100)).isEqualTo(2);
        assertThat(limit.next("a", 1_101)).isZero();
    }

    @Test
    void keepsCountOfSoManyKindsOnly() {
        for (int i = 0; i < 100_000; i++) {
            assertThat(limit.next("kind" + i, i)).isZero();
        }
    }
}
