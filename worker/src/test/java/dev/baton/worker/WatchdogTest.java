package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.worker.Watchdog.Still;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WatchdogTest {
    private static final Duration LONG = Duration.ofMinutes(1);
    private final AtomicLong signs = new AtomicLong(7);
    private final Still still = new Still("engine", () -> OptionalLong.of(signs.get()), Watchdog.TICK.multipliedBy(3));

    @Test
    void aThreadThatGivesSignsIsNotHung() {
        for (int i = 0; i < 20; i++) {
            signs.incrementAndGet();
            assertThat(still.looksHung()).isFalse();
        }
        assertThat(still.time()).isZero();
    }

    @Test
    void oneThatGivesNoneIsHungAfterTheLimit() {
        still.looksHung();
        assertThat(still.looksHung()).isFalse();
        assertThat(still.looksHung()).isFalse();
        assertThat(still.looksHung()).isTrue();
        assertThat(still.time()).isEqualTo(Watchdog.TICK.multipliedBy(3));
    }

    @Test
    void whatIsNotWatchedIsNotHung() {
        Still unwatched = new Still("lane", OptionalLong::empty, Watchdog.TICK);
        for (int i = 0; i < 20; i++) {
            assertThat(unwatched.looksHung()).isFalse();
        }
    }

    @Test
    void saysWhichThreadHangs() throws Exception {
        CompletableFuture<String> hung = new CompletableFuture<>();
        try (Watchdog watchdog = Watchdog.start(
                () -> OptionalLong.of(signs.incrementAndGet()),
                LONG,
                () -> OptionalLong.of(3),
                Watchdog.TICK.multipliedBy(2),
                hung::complete)) {
            assertThat(hung.get(30, TimeUnit.SECONDS)).isEqualTo("lane");
            assertThat(watchdog.engineStill()).isZero();
        }
    }
}
