package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RestartBackoffTest {
    private static final Duration YOUNG = Duration.ofSeconds(2);

    private final RestartBackoff restarts = new RestartBackoff();

    @Test
    void doesNotWaitTheFirstTimeThenLongerAndLongerUpToALimit() {
        assertThat(IntStream.range(0, 9)
                        .mapToObj(death -> restarts.pauseBeforeRestart("decode-0", YOUNG))
                        .map(Duration::toSeconds))
                .containsExactly(0L, 1L, 2L, 4L, 8L, 16L, 30L, 30L, 30L);
    }

    @Test
    void forgivesAPartThatHasLivedLong() {
        restarts.pauseBeforeRestart("decode-0", YOUNG);
        restarts.pauseBeforeRestart("decode-0", YOUNG);
        assertThat(restarts.pauseBeforeRestart("decode-0", RestartBackoff.HEALTHY_AFTER))
                .isZero();
        assertThat(restarts.pauseBeforeRestart("decode-0", YOUNG)).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void keepsPartsApart() {
        restarts.pauseBeforeRestart("decode-0", YOUNG);
        assertThat(restarts.pauseBeforeRestart("decode-1", YOUNG)).isZero();
    }
}
