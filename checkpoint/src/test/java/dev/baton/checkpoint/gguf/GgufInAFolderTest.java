package dev.baton.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.checkpoint.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufInAFolderTest {
    @Test
    void aFolderWithOneFileIsThatFile(@TempDir Path folder) throws IOException {
        Files.write(folder.resolve("m-Q8_0.gguf"), GgufBytes.llama(4).bytes());
        Files.writeString(folder.resolve("mmproj-m.gguf"), "the eye");
        assertThat(ModelFiles.of(folder).path()).hasFileName("m-Q8_0.gguf");
        assertThat(ModelFiles.defaultName(folder.resolve("m-Q8_0.gguf"))).isEqualTo("m-Q8_0");
        Files.write(folder.resolve("m-Q4_0.gguf"), GgufBytes.llama(4).bytes());
        assertThatThrownBy(() -> ModelFiles.of(folder)).hasMessageContaining("several GGUF files");
    }
}
