package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RestartsTest {
    private static final Duration YOUNG = Duration.ofSeconds(2);

    private final Restarts restarts = new Restarts();

    @Test
    void doesNotWaitTheFirstTimeThenLongerAndLongerUpToALimit() {
        assertThat(IntStream.range(0, 9)
                        .mapToObj(death -> restarts.restAfterDeath("decode-0", YOUNG))
                        .map(Duration::toSeconds))
                .containsExactly(0L, 1L, 2L, 4L, 8L, 16L, 30L, 30L, 30L);
    }

    @Test
    void forgivesAPartThatHasLivedLong() {
        restarts.restAfterDeath("decode-0", YOUNG);
        restarts.restAfterDeath("decode-0", YOUNG);
        assertThat(restarts.restAfterDeath("decode-0", Restarts.GROWN_UP)).isZero();
        assertThat(restarts.restAfterDeath("decode-0", YOUNG)).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void keepsPartsApart() {
        restarts.restAfterDeath("decode-0", YOUNG);
        assertThat(restarts.restAfterDeath("decode-1", YOUNG)).isZero();
    }
}
