package dev.baton.cli.chaos.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.cli.host.CliException;
import dev.baton.stack.ChildProcess;
import dev.baton.stack.Ports;
import dev.baton.stack.RedisProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class StoppedThreadTest {
    /** A thread that Redis has beside its first one. */
    private static final String NAME = "bio_close_file";

    @TempDir
    Path folder;

    private @Nullable RedisProcess redis;
    private ChildProcess child;

    @BeforeEach
    void start() throws IOException {
        assumeTrue(StoppedThread.available(), "ptrace is not allowed here");
        RedisProcess started = RedisProcess.start(new RedisProcess.Settings(
                Ports.free(1).getFirst(),
                folder.resolve("redis"),
                folder.resolve("redis.log"),
                null,
                Duration.ofSeconds(20)));
        redis = started;
        child = started.child();
    }

    @AfterEach
    void end() {
        if (redis != null) {
            redis.kill();
        }
    }

    private char state() {
        try (DirectoryStream<Path> threads =
                Files.newDirectoryStream(Path.of("/proc", Long.toString(child.pid()), "task"))) {
            for (Path thread : threads) {
                if (Files.readString(thread.resolve("comm")).strip().equals(NAME)) {
                    String stat = Files.readString(thread.resolve("stat"));
                    return stat.charAt(stat.lastIndexOf(')') + 2);
                }
            }
            return ' ';
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void standsUntilItIsLetGoWhileTheOthersGoOn() {
        try (StoppedThread stopped = StoppedThread.stop(child, NAME)) {
            assertThat(stopped).isNotNull();
            assertThat(state()).isEqualTo('t');
            assertThat(redis).isNotNull().matches(RedisProcess::ready);
        }
        assertThat(Proof.within(Duration.ofSeconds(10), () -> state() == 'S')).isTrue();
    }

    @Test
    void saysThatThereIsNoSuchThread() {
        assertThatThrownBy(() -> StoppedThread.stop(child, "engine"))
                .isInstanceOf(CliException.class)
                .hasMessage("fault not applied: redis has no thread 'engine'");
    }
}
