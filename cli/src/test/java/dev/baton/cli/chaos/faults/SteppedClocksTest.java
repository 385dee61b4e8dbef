package dev.baton.cli.chaos.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SteppedClocksTest {
    /** No system gives a process such a pid. */
    private static final long GONE = 99_999_999_999L;

    @TempDir
    Path memory;

    @Test
    void whatKilledProcessesLeftIsRemovedAndNothingElse() throws IOException {
        long living = ProcessHandle.current().pid();
        List<String> stay = List.of(
                "faketime_shm_" + living,
                "sem.faketime_sem_" + living,
                "faketime_shm_" + GONE + "x",
                "baton-kv-decode-0.pool");
        for (String name : stay) {
            Files.createFile(memory.resolve(name));
        }
        Files.createFile(memory.resolve("faketime_shm_" + GONE));
        Files.createFile(memory.resolve("sem.faketime_sem_" + GONE));

        assertThat(SteppedClocks.removeLeft(memory)).isEqualTo(2);

        try (var left = Files.list(memory)) {
            assertThat(left.map(file -> file.getFileName().toString())).containsExactlyInAnyOrderElementsOf(stay);
        }
    }
}
