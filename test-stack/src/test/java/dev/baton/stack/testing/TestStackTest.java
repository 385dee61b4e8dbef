package dev.baton.stack.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class TestStackTest {
    @Test
    void runsTheImagesThatTheComposeFileRuns() throws Exception {
        assertThat(Files.readString(Path.of("..", "docker-compose.yml")))
                .contains(
                        "    image: \"${KAFKA_IMAGE:-" + TestStack.KAFKA_IMAGE + "@sha256:",
                        "    image: \"${REDIS_IMAGE:-" + TestStack.REDIS_IMAGE + "@sha256:");
    }
}
