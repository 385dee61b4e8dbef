package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class SupervisorTest {
    @TempDir
    Path state;

    private final List<String> said = new ArrayList<>();
    private Children children;
    private Supervisor supervisor;

    @BeforeEach
    void make() {
        children = new Children(new ProcessRecord(state));
        supervisor = new Supervisor(children, new RestartRequests(state), said::add);
    }

    @AfterEach
    void end() {
        children.end(() -> {});
    }

    /** A full disk keeps Kafka from starting again: that must not end the workers, and it starts once there is room. */
    @Test
    @Timeout(30)
    void triesAgainWhenAPartThatDiedCannotBeStarted() {
        AtomicInteger starts = new AtomicInteger();
        children.start("decode-0", Sleeper::start);
        Sleeper first = (Sleeper) children.start("kafka", () -> {
                    if (starts.incrementAndGet() == 2) {
                        throw new UncheckedIOException(new IOException("the disk is full"));
                    }
                    return Sleeper.start();
                })
                .process();
        first.child().kill();
        while (starts.get() < 3) {
            supervisor.look();
        }
        assertThat(said)
                .anyMatch(line -> line.contains("kafka cannot be started: java.io.IOException: the disk is full"));
        assertThat(children.all()).allMatch(child -> child.process().child().alive());
    }
}
