package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFolderTest {
    private static final Path DEMO = Path.of("../models/demo");

    @Test
    void refusesATokenizerWhoseIdsAreBeyondTheModelsVocabulary(@TempDir Path folder) throws IOException {
        for (String file : List.of("tokenizer.json", "tokenizer_config.json", "generation_config.json")) {
            Files.copy(DEMO.resolve(file), folder.resolve(file));
        }
        String config = Files.readString(DEMO.resolve("config.json"));
        Files.writeString(
                folder.resolve("config.json"), config.replaceFirst("\"vocab_size\": \\d+", "\"vocab_size\": 100"));
        assertThatThrownBy(() -> ModelFolder.open(folder, Clock.systemUTC()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the model a vocabulary of 100");
    }
}
