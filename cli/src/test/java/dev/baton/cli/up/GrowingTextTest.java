package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GrowingTextTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void make() throws IOException {
        file = Files.createFile(folder.resolve("log"));
    }

    private void append(byte[] bytes) throws IOException {
        Files.write(file, bytes, StandardOpenOption.APPEND);
    }

    @Test
    void waitsForTheRestOfACharacter() throws IOException {
        byte[] text = "größer\n".getBytes(StandardCharsets.UTF_8);
        try (GrowingText growing = new GrowingText(file, Long.MAX_VALUE)) {
            assertThat(growing.more()).isEmpty();
            append(Arrays.copyOf(text, 3));
            assertThat(growing.more()).isEqualTo("gr");
            append(Arrays.copyOfRange(text, 3, text.length));
            assertThat(growing.more()).isEqualTo("ößer\n");
            assertThat(growing.more()).isEmpty();
        }
    }

    @Test
    void beginsBeforeTheEndAndAgainInAFileThatWasCut() throws IOException {
        append("one\ntwo\n".getBytes(StandardCharsets.UTF_8));
        try (GrowingText growing = new GrowingText(file, 4)) {
            assertThat(growing.more()).isEqualTo("two\n");
            Files.writeString(file, "new\n");
            assertThat(growing.more()).isEqualTo("new\n");
        }
    }

    @Test
    void readsWhatIsLongerThanItsBuffer() throws IOException {
        String text = "é".repeat(100_001);
        append(text.getBytes(StandardCharsets.UTF_8));
        StringBuilder read = new StringBuilder();
        try (GrowingText growing = new GrowingText(file, Long.MAX_VALUE)) {
            for (String more = growing.more(); !more.isEmpty(); more = growing.more()) {
                read.append(more);
            }
        }
        assertThat(read).hasToString(text);
    }
}
