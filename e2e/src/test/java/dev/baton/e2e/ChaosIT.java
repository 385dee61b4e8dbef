package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.stack.Ports;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A seeded run of {@code chaos}: faults of many kinds on real processes, and not one answer that differs. */
@Order(8)
class ChaosIT {
    private static final int LIMIT_SECONDS = 400;

    @TempDir
    Path folder;

    @Test
    @Timeout(420)
    void noAnswerIsLostOrChangedWhateverIsStruck() throws IOException {
        try (UpProcess chaos = UpProcess.start(
                folder.resolve("state"),
                "chaos",
                "--duration=40s",
                "--seed=214",
                "--clients=8",
                "--port=" + Ports.free(1).getFirst())) {
            assertThat(chaos.awaitExit(LIMIT_SECONDS)).as(chaos.output()).isZero();
            assertThat(chaos.output())
                    .contains(": 0 lost, 0 repeated, 0 changed, 0 failed, 0 refused for good;")
                    .doesNotContain(" 0 of them moved to another worker");
            assertThat(chaos.remains()).isEmpty();
        }
    }
}
