package dev.baton.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ChildProcessTest {
    private static final Duration GRACE = Duration.ofMillis(300);

    @Test
    void isTheSameAfterItWasRecordedAndRead() throws Exception {
        Process sleeper = sleeper();
        try {
            ChildProcess read =
                    ChildProcess.parse(ChildProcess.of("sleeper", sleeper).toLine());
            assertThat(read.name()).isEqualTo("sleeper");
            assertThat(read.pid()).isEqualTo(sleeper.pid());
            assertThat(read.alive()).isTrue();
        } finally {
            sleeper.destroyForcibly();
        }
    }

    @Test
    void isNotAliveWhenItsPidBelongsToAnotherProcess() throws Exception {
        Process sleeper = sleeper();
        try {
            ChildProcess live = ChildProcess.of("sleeper", sleeper);
            ChildProcess earlier =
                    new ChildProcess("sleeper", live.pid(), live.startedAt().minusSeconds(60));
            assertThat(earlier.alive()).isFalse();
            assertThat(earlier.kill()).isTrue();
            assertThat(sleeper.isAlive()).as("a stranger is left alone").isTrue();
        } finally {
            sleeper.destroyForcibly();
        }
    }

    @Test
    void killsAChildThatDoesNotHeedTheRequestToEnd() throws Exception {
        Process stubborn =
                new ProcessBuilder("/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done").start();
        stubborn.getInputStream().read();
        assertThat(ChildProcess.of("stubborn", stubborn).stop(GRACE)).isTrue();
        assertThat(stubborn.isAlive()).isFalse();
        assertThat(stubborn.waitFor()).isEqualTo(128 + 9);
    }

    @Test
    void diesWithTheProcessItIsTiedTo() throws Exception {
        Process sleeper = sleeper();
        // The tether hangs on a pipe of this JVM; closing our end is what the system does when a JVM is killed.
        Process watcher = ParentDeathGuard.watch(sleeper.pid());
        assertThat(sleeper.waitFor(200, TimeUnit.MILLISECONDS)).isFalse();
        watcher.getOutputStream().close();
        assertThat(sleeper.waitFor(5, TimeUnit.SECONDS)).isTrue();
        assertThat(sleeper.exitValue()).isEqualTo(128 + 9);
    }

    @Test
    void outlivesATetherThatWasUntied() throws Exception {
        Process sleeper = sleeper();
        try {
            ParentDeathGuard.guard(ChildProcess.of("sleeper", sleeper)).close();
            assertThat(sleeper.waitFor(200, TimeUnit.MILLISECONDS)).isFalse();
        } finally {
            sleeper.destroyForcibly();
        }
    }

    @Test
    void refusesALineThatIsNotARecord() {
        assertThatThrownBy(() -> ChildProcess.parse("kafka 12")).hasMessageContaining("kafka 12");
    }

    private static Process sleeper() throws IOException {
        return new ProcessBuilder("sleep", "60").start();
    }
}
