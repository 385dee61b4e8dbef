package dev.baton.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RedisProcessTest {
    @TempDir
    Path folder;

    @Test
    void servesAndEndsWhenClosed() throws Exception {
        RedisProcess redis = RedisProcess.start(settings(Ports.free(1).getFirst(), null));
        try (redis) {
            assertThat(command(redis.url().getPort(), "SET a b")).isEqualTo("+OK");
            assertThat(redis.child().alive()).isTrue();
        }
        assertThat(redis.child().alive()).isFalse();
        assertThat(Ports.answers(redis.url().getPort(), Duration.ofSeconds(1))).isFalse();
    }

    @Test
    void comesBackEmpty() throws Exception {
        int port = Ports.free(1).getFirst();
        try (RedisProcess redis = RedisProcess.start(settings(port, null))) {
            assertThat(command(port, "SET a b")).isEqualTo("+OK");
            redis.kill();
        }
        try (RedisProcess again = RedisProcess.start(settings(port, null))) {
            assertThat(command(again.url().getPort(), "EXISTS a")).isEqualTo(":0");
        }
    }

    @Test
    void asksForThePasswordItWasGiven() throws Exception {
        try (RedisProcess redis = RedisProcess.start(settings(Ports.free(1).getFirst(), "s3cret+/="))) {
            assertThat(command(redis.url().getPort(), "GET a")).startsWith("-NOAUTH");
            assertThat(redis.url().getUserInfo()).isEqualTo(":s3cret+/=");
        }
    }

    @Test
    void saysWhichPortIsTaken() throws Exception {
        int port = Ports.free(1).getFirst();
        try (RedisProcess redis = RedisProcess.start(settings(port, null))) {
            assertThat(redis.child().alive()).isTrue();
            assertThatThrownBy(() -> RedisProcess.start(settings(port, null)))
                    .isInstanceOf(StackException.class)
                    .hasMessageContaining("127.0.0.1:" + port)
                    .hasMessageContaining("taken");
        }
    }

    @Test
    void takesTheUrlOfARedisThatSomeoneElseRuns() {
        assertThat(RedisProcess.given(Map.of("REDIS_URL", "redis://cache:6379")))
                .contains(URI.create("redis://cache:6379"));
        assertThat(RedisProcess.given(Map.of("REDIS_URL", " "))).isEmpty();
        assertThat(RedisProcess.given(Map.of())).isEmpty();
    }

    private RedisProcess.Settings settings(int port, @Nullable String password) {
        return new RedisProcess.Settings(
                port, folder.resolve("redis"), folder.resolve("redis.log"), password, Duration.ofSeconds(20));
    }

    private static String command(int port, String line) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(5_000);
            socket.getOutputStream().write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
            return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                    .readLine();
        }
    }
}
