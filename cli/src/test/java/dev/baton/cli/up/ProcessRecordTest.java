package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.cli.host.CliException;
import dev.baton.stack.ChildProcess;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessRecordTest {
    private static final URI URL = URI.create("http://127.0.0.1:18080");

    @TempDir
    Path state;

    private final List<Process> started = new ArrayList<>();
    private Path file;
    private ProcessRecord record;

    @BeforeEach
    void makeRecord() {
        record = new ProcessRecord(state);
        file = state.resolve("run/processes");
    }

    @AfterEach
    void end() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void tellsTheLastProcessOfEachPartAndItsManagementPort() throws Exception {
        ChildProcess kafka = sleeper("kafka");
        record.begin(URL);
        record.add(kafka);
        record.add(new ChildProcess("decode-0", 1, Instant.EPOCH));
        record.managementPort("decode-0", 4711);
        ChildProcess decode = sleeper("decode-0");
        record.add(decode);
        assertThat(new ProcessRecord(state).latest()).endsWith(kafka, decode).hasSize(3);
        assertThat(new ProcessRecord(state).managementPorts()).containsExactly(Map.entry("decode-0", 4711));
    }

    @Test
    void endsWhatAnEarlierProcessRecorded() throws Exception {
        ChildProcess kafka = sleeper("kafka");
        ChildProcess gateway = sleeper("gateway");
        record.add(kafka);
        record.add(gateway);
        assertThat(new ProcessRecord(state).endAll()).containsExactly("gateway", "kafka");
        assertThat(kafka.alive()).isFalse();
        assertThat(gateway.alive()).isFalse();
        assertThat(file).doesNotExist();
        assertThat(new ProcessRecord(state).endAll()).isEmpty();
    }

    /** What {@code up} would start again must not be ended while it still watches. */
    @Test
    void endsUpBeforeItsParts() throws Exception {
        // Notes, as it is asked to end, whether the part still lives.
        ChildProcess part = sleeper("decode-0");
        Path note = state.resolve("note");
        Process up = new ProcessBuilder(
                        "/bin/sh",
                        "-c",
                        "trap 'kill -0 %d && echo lived > %s; exit' TERM; echo on; while :; do sleep 0.05; done"
                                .formatted(part.pid(), note))
                .start();
        started.add(up);
        up.getInputStream().read();
        record.add(ChildProcess.of(ProcessRecord.SELF, up));
        record.add(part);
        assertThat(record.endAll()).containsExactly("decode-0", ProcessRecord.SELF);
        assertThat(note).hasContent("lived");
        assertThat(part.alive()).isFalse();
    }

    @Test
    void leavesAStrangerAloneThatHasThePidOfAPartOfLongAgo() throws Exception {
        ChildProcess stranger = sleeper("kafka");
        record.add(
                new ChildProcess("kafka", stranger.pid(), stranger.startedAt().minusSeconds(3_600)));
        assertThat(record.endAll()).isEmpty();
        assertThat(stranger.alive()).isTrue();
        assertThat(file).doesNotExist();
    }

    @Test
    void keepsWhatStillRuns() throws Exception {
        ChildProcess redis = sleeper("redis");
        ChildProcess kafka = sleeper("kafka");
        record.add(redis);
        record.add(kafka);
        kafka.kill();
        record.forgetTheDead();
        assertThat(file).hasContent(redis.toLine());
    }

    @Test
    void refusesASecondUpAndSaysWhereTheFirstOneIs() throws Exception {
        record.begin(URL);
        assertThatCode(record::refuseIfUp).as("it is this process itself").doesNotThrowAnyException();
        ChildProcess other = sleeper(ProcessRecord.SELF);
        record.add(other);
        assertThatThrownBy(record::refuseIfUp)
                .isInstanceOf(CliException.class)
                .hasMessageContaining(URL.toString())
                .hasMessageContaining("pid " + other.pid())
                .hasMessageContaining("./baton down");
        assertThat(record.up()).contains(URL);
        other.kill();
        assertThat(record.up()).as("nothing to talk to").isEmpty();
        assertThatCode(record::refuseIfUp).as("it was killed").doesNotThrowAnyException();
    }

    @Test
    void readsOverALineThatIsTorn() throws Exception {
        ChildProcess redis = sleeper("redis");
        record.add(redis);
        Files.writeString(file, "kafka 12", StandardOpenOption.APPEND);
        assertThat(record.living()).extracting(ChildProcess::name).containsExactly("redis");
    }

    private ChildProcess sleeper(String name) throws IOException {
        Process process = new ProcessBuilder("sleep", "60").start();
        started.add(process);
        return ChildProcess.of(name, process);
    }
}
