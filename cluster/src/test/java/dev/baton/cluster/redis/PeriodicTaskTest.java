package dev.baton.cluster.redis;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PeriodicTaskTest {
    /** A lease whose renewal has failed once by a bug, or for want of memory, is still renewed. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void runsAgainAfterAFailure(boolean error) {
        AtomicInteger runs = new AtomicInteger();
        try (PeriodicTask task = new PeriodicTask("test", Duration.ofMillis(1), () -> {
            if (runs.incrementAndGet() == 1) {
                if (error) {
                    throw new OutOfMemoryError("made by the test");
                }
                throw new IllegalStateException("made by the test");
            }
        })) {
            task.start();
            await().until(() -> runs.get() > 2);
        }
    }
}
