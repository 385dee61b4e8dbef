package dev.baton.cli.chaos.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.cli.host.CliException;
import dev.baton.stack.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class StoppedThreadTest {
    private Process sleeper;
    private ChildProcess child;

    @BeforeEach
    void start() throws IOException {
        assumeTrue(StoppedThread.available(), "ptrace is not allowed here");
        sleeper = new ProcessBuilder("sleep", "60").start();
        child = ChildProcess.of("sleeper", sleeper);
    }

    @AfterEach
    void end() {
        if (sleeper != null) {
            sleeper.destroyForcibly();
        }
    }

    private char state() throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(child.pid()), "stat"));
        return stat.charAt(stat.lastIndexOf(')') + 2);
    }

    @Test
    void standsUntilItIsLetGo() throws IOException {
        try (StoppedThread stopped = StoppedThread.stop(child, "sleep")) {
            assertThat(stopped).isNotNull();
            assertThat(state()).isEqualTo('t');
        }
        assertThat(Proof.within(Duration.ofSeconds(10), this::runs)).isTrue();
    }

    private boolean runs() {
        try {
            return state() == 'S';
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void maySeeItsProcessEndMeanwhile() {
        try (StoppedThread stopped = StoppedThread.stop(child, "sleep")) {
            assertThat(stopped).isNotNull();
            child.kill();
        }
        assertThat(child.alive()).isFalse();
    }

    @Test
    void saysThatThereIsNoSuchThread() {
        assertThatThrownBy(() -> StoppedThread.stop(child, "engine"))
                .isInstanceOf(CliException.class)
                .hasMessage("fault not applied: sleeper has no thread 'engine'");
    }
}
