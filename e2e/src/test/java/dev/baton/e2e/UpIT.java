package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.stack.ChildProcess;
import dev.baton.stack.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code up} and {@code down} as processes: whatever happens to {@code up}, nothing that it started is left. */
@Order(5)
class UpIT {
    private static final Duration LIMIT = Duration.ofSeconds(150);
    private static final List<String> PARTS = List.of("up", "kafka", "redis", "decode-0", "gateway");

    @TempDir
    Path folder;

    @Test
    @Timeout(400)
    void downEndsWhatAKilledUpHasStartedAndStartedAgain() throws Exception {
        try (UpProcess up = up()) {
            awaitOutput(up, "Baton is up after");
            assertThat(up.recorded()).extracting(ChildProcess::name).containsExactlyElementsOf(PARTS);

            assertThat(run("status"))
                    .contains("Baton is up at http://127.0.0.1:", "decode-0", "ready", "redis", "running");
            ChildProcess old = up.recorded("decode-0");
            assertThat(run("restart", "decode-0")).contains("decode-0 serves again after");
            assertThat(up.recorded("decode-0")).isNotEqualTo(old);
            assertThat(up.output()).contains("decode-0 is restarted").doesNotContain("decode-0 ended");
            assertThat(run("logs", "gateway", "--lines=3").lines()).hasSize(3);

            ChildProcess redis = up.recorded("redis");
            ChildProcess worker = up.recorded("decode-0");
            redis.kill();
            worker.kill();
            await().atMost(LIMIT)
                    .until(() -> !up.recorded("redis").equals(redis)
                            && !up.recorded("decode-0").equals(worker));
            assertThat(up.output()).contains("redis ended with status 137", "decode-0 ended with status 137");
            assertThat(second(up))
                    .contains("Baton is up already at http://127.0.0.1:", "pid " + up.pid(), "baton down");

            List<ChildProcess> started = up.recorded();
            up.kill();
            up.awaitExit();
            assertThat(started.stream().filter(ChildProcess::alive))
                    .as("fault not applied: nothing outlived up")
                    .extracting(ChildProcess::name)
                    .contains("kafka", "redis", "decode-0", "gateway");
            assertThat(down()).contains("kafka", "redis", "decode-0", "gateway");
            assertThat(started).noneMatch(ChildProcess::alive);
            assertThat(up.remains()).isEmpty();
            assertThat(down()).contains("Nothing was running");
        }
    }

    @Test
    void leavesNothingWhenItIsTerminatedWhileKafkaStarts() {
        try (UpProcess up = up()) {
            await().atMost(LIMIT).until(() -> up.recorded().size() >= 2);
            assertThat(up.output())
                    .as("fault not applied: Kafka serves already")
                    .doesNotContain("kafka ");
            ChildProcess kafka = up.recorded("kafka");
            up.terminate();
            assertThat(up.awaitExit()).isEqualTo(143);
            assertThat(kafka.alive()).as(up.output()).isFalse();
            assertThat(up.remains()).as(up.output()).isEmpty();
            assertThat(up.recorded()).isEmpty();
            assertThat(up.output()).as("no failure is made of it").doesNotContain("Exception", "ended before");
        }
    }

    @Test
    void saysInOneLineWhyAPartDoesNotStart() {
        assertRefused("--port=" + port(), "--prefill=0", "--kv-memory=64", "--worker-setting=baton.kv.memory=a lot")
                .contains("decode-0 ended before it was ready", "Why: baton.kv.memory = \"a lot\"")
                .doesNotContain("Caused by");
    }

    @Test
    @Timeout(200)
    void servesInTheBackgroundUntilDown() {
        assertThat(run("up", "--detach", "--port=" + port(), "--prefill=0", "--threads=1", "--kv-memory=64"))
                .contains("gateway      ready in", "Baton is up after");
        assertThat(run("status")).contains("ready");
        assertThat(down()).contains("up", "gateway");
    }

    @Test
    void namesThePortThatIsTaken() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertRefused("--port=" + other.getLocalPort()).contains("port " + other.getLocalPort(), "--port");
        }
    }

    @Test
    void namesTheFolderThatIsNoModel() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertRefused("--model=" + empty).contains("--model " + empty, "config.json");
    }

    @Test
    void namesTheSettingWhenThePoolsDoNotFit() throws IOException {
        assertRefused("--port=" + port(), "--kv-memory=100000000").contains("--kv-memory", "100000000 MiB");
    }

    private org.assertj.core.api.AbstractStringAssert<?> assertRefused(String... options) {
        String[] arguments = new String[options.length + 1];
        arguments[0] = "up";
        System.arraycopy(options, 0, arguments, 1, options.length);
        try (UpProcess up = UpProcess.start(folder.resolve("state"), arguments)) {
            assertThat(up.awaitExit()).isEqualTo(1);
            assertThat(up.remains()).isEmpty();
            assertThat(up.recorded()).isEmpty();
            return assertThat(up.output()).contains("baton: ").doesNotContain("\tat ");
        }
    }

    private UpProcess up() {
        return UpProcess.start(
                folder.resolve("state"),
                "up",
                "--port=" + port(),
                "--prefill=0",
                "--decode=1",
                "--threads=1",
                "--kv-memory=64");
    }

    /** What a second {@code up} in the same place says. */
    private String second(UpProcess first) {
        UpProcess second = UpProcess.start(folder.resolve("state"), "up", "--port=" + port());
        assertThat(second.awaitExit()).isEqualTo(1);
        assertThat(first.lives()).isTrue();
        return second.output();
    }

    private String down() {
        return run("down");
    }

    private String run(String... arguments) {
        UpProcess command = UpProcess.start(folder.resolve("state"), arguments);
        assertThat(command.awaitExit()).as(command.output()).isZero();
        return command.output();
    }

    private static void awaitOutput(UpProcess up, String text) {
        await().atMost(LIMIT).until(() -> {
            assertThat(up.lives()).as(up.output()).isTrue();
            return up.output().contains(text);
        });
    }

    private static int port() {
        try {
            return Ports.free(1).getFirst();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
