package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.stack.Ports;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A short run of {@code bench flips}: no answer is wrong where cached KV, or what a dead worker left, has changed bits. */
@Order(5)
class FlippedBitsIT {
    private static final int LIMIT_SECONDS = 200;

    @TempDir
    Path folder;

    @Test
    @Timeout(240)
    void answersStayRightAndEachFlippedBlockThatIsReadIsCounted() throws IOException {
        try (UpProcess bench = UpProcess.start(
                folder.resolve("state"),
                "bench",
                "flips",
                "--requests=60",
                "--streams=12",
                "--port=" + Ports.free(1).getFirst())) {
            assertThat(bench.awaitExit(LIMIT_SECONDS)).as(bench.output()).isZero();
            assertThat(bench.output())
                    .contains("60 requests", " 0 with another text", " 0 of them not counted")
                    .doesNotContain(" 0 hits struck");
            assertThat(bench.remains()).isEmpty();
        }
    }
}
