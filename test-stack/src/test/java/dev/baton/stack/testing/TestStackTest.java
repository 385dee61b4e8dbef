package dev.baton.stack.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class TestStackTest {
    @Test
    void runsTheImagesThatTheComposeFileRuns() throws Exception {
        assertThat(Files.readAllLines(Path.of("..", "docker-compose.yml")))
                .contains("    image: " + TestStack.KAFKA_IMAGE, "    image: " + TestStack.REDIS_IMAGE);
    }
}
