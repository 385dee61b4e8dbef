package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TokenRatesTest {
    private final AtomicLong now = new AtomicLong();
    private final TokenRates rates = new TokenRates(now::get);

    @Test
    void followsAnEvenFlowAndItsEnd() {
        assertThat(rates.of("decode-0")).isZero();
        for (int i = 0; i < 1_000; i++) {
            now.addAndGet(Duration.ofMillis(10).toNanos());
            rates.add("decode-0", 1);
        }
        assertThat(rates.of("decode-0")).isCloseTo(100, within(2.0));
        now.addAndGet(Duration.ofSeconds(5).toNanos());
        assertThat(rates.of("decode-0")).isZero();
        assertThat(rates.of("decode-1")).isZero();
    }
}
