package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The build of a stranger records a start-up cache for each role. First of all, so that the processes of the other classes
 * start as a user's do.
 */
@Order(0)
class StartupCachesIT {
    private static final List<String> ROLES = List.of("gateway", "prefill-worker", "decode-worker");
    private static final int LIMIT_SECONDS = 240;

    @TempDir
    Path folder;

    @Test
    @Timeout(300)
    void eachRoleLeavesOne() throws IOException {
        for (String role : ROLES) {
            Files.deleteIfExists(cache(role));
        }
        try (UpProcess prepare = UpProcess.start(folder.resolve("state"), "prepare")) {
            assertThat(prepare.awaitExit(LIMIT_SECONDS)).as(prepare.output()).isZero();
            assertThat(ROLES).as(prepare.output()).allMatch(role -> Files.exists(cache(role)));
            assertThat(prepare.remains()).isEmpty();
        }
    }

    private static Path cache(String role) {
        return RunningBaton.HOME.resolve(role).resolve("target/startup.aot");
    }
}
