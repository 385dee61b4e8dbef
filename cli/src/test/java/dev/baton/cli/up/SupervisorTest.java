package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.stack.ChildProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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

    /** Nobody could end a process that is not recorded: it ends again, and only it. */
    @Test
    @Timeout(30)
    void endsAndTriesAgainWhatCannotBeRecorded() throws IOException {
        Path recorded = state.resolve("run").resolve("processes");
        Path kept = state.resolve("kept");
        List<Sleeper> started = new ArrayList<>();
        children.start("decode-0", Sleeper::start);
        Sleeper first = (Sleeper) children.start("kafka", () -> {
                    started.add(Sleeper.start());
                    return started.getLast();
                })
                .process();
        first.child().kill();
        Files.move(recorded, kept);
        try {
            // All that is written there fails as on a full disk.
            Files.createSymbolicLink(recorded, Path.of("/dev/full"));
            while (said.stream().noneMatch(line -> line.contains("kafka cannot be started"))) {
                supervisor.look();
            }
        } finally {
            Files.move(kept, recorded, StandardCopyOption.REPLACE_EXISTING);
        }
        assertThat(said).anyMatch(line -> line.contains("cannot write " + recorded));
        assertThat(started).hasSize(2).noneMatch(sleeper -> sleeper.child().alive());
        assertThat(children.named("kafka").orElseThrow().process()).isEqualTo(first);
        while (started.size() < 3) {
            supervisor.look();
        }
        assertThat(children.all()).allMatch(child -> child.process().child().alive());
        assertThat(new ProcessRecord(state).living())
                .extracting(ChildProcess::pid)
                .contains(started.getLast().child().pid());
    }
}
