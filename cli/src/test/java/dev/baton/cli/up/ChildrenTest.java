package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.cli.host.CliException;
import dev.baton.stack.ChildProcess;
import dev.baton.stack.StackProcess;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildrenTest {
    @TempDir
    Path state;

    private ProcessRecord record;
    private Children children;

    @AfterEach
    void end() {
        children.end(() -> {});
    }

    @org.junit.jupiter.api.BeforeEach
    void make() {
        record = new ProcessRecord(state);
        children = new Children(record);
    }

    @Test
    void recordsAProcessThatDoesNotServeYet() {
        Sleeper sleeper = (Sleeper) children.start("kafka", Sleeper::start).process();
        assertThat(sleeper.ready()).isFalse();
        assertThat(record.living())
                .extracting(ChildProcess::pid)
                .containsExactly(sleeper.child().pid());
        assertThat(children.end(() -> {})).isTrue();
        assertThat(sleeper.child().alive()).isFalse();
        assertThat(record.living()).isEmpty();
    }

    @Test
    void startsNothingOnceTheEndHasBegun() {
        children.end(() -> {});
        assertThatThrownBy(() -> children.start("decode-0", Sleeper::start)).isInstanceOf(CliException.class);
        assertThat(record.living()).isEmpty();
    }

    /** A signal may come between a process's start and its record; it must wait for both. */
    @Test
    void endsAProcessWhoseStartWasUnderWay() throws Exception {
        CountDownLatch starting = new CountDownLatch(1);
        CountDownLatch ending = new CountDownLatch(1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<StackProcess> started = threads.submit(() -> children.start("kafka", () -> {
                        Sleeper sleeper = Sleeper.start();
                        starting.countDown();
                        await(ending);
                        return sleeper;
                    })
                    .process());
            await(starting);
            Future<Boolean> ended = threads.submit(() -> {
                ending.countDown();
                return children.end(() -> {});
            });
            assertThat(ended.get(10, TimeUnit.SECONDS)).isTrue();
            assertThat(started.get(10, TimeUnit.SECONDS).child().alive()).isFalse();
        }
    }

    /** A second signal must not let the JVM go before the first one's work is done. */
    @Test
    void letsWhoeverComesSecondWaitForTheEnd() throws Exception {
        CountDownLatch inTheEnd = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> first = threads.submit(() -> children.end(() -> {
                inTheEnd.countDown();
                await(goOn);
            }));
            await(inTheEnd);
            Future<Boolean> second = threads.submit(() -> children.end(() -> {}));
            assertThat(second.isDone()).isFalse();
            goOn.countDown();
            assertThat(first.get(10, TimeUnit.SECONDS)).isTrue();
            assertThat(second.get(10, TimeUnit.SECONDS)).isFalse();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
