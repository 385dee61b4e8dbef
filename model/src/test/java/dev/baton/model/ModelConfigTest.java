package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.checkpoint.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** Configurations as older versions of transformers wrote them, and most folders still hold them. */
class ModelConfigTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            gemma2  | {}                                                                           | 16, 0
            gemma3  | {"sliding_window_pattern": 3}                                                | 16, 16, 0
            qwen2   | {"use_sliding_window": true, "sliding_window": 8, "max_window_layers": 1}    | 0, 8
            qwen2   | {"use_sliding_window": false, "sliding_window": 8, "max_window_layers": 1}   | 0, 0
            mistral | {}                                                                           | 24, 24
            mistral | {"sliding_window": null}                                                     | 0, 0
            llama32 | {"sliding_window": 8}                                                        | 0, 0, 0
            """)
    void windowsFollowFromTheFamilyWhereTheyAreNotListed(
            String family, String changes, String windows, @TempDir Path folder) throws IOException {
        ObjectNode config = (ObjectNode) JSON.readTree(Files.readAllBytes(
                Reference.RESOURCES.resolve("families").resolve(family).resolve("config.json")));
        config.remove("layer_types");
        config.setAll((ObjectNode) JSON.readTree(changes));
        Files.write(folder.resolve("config.json"), JSON.writeValueAsBytes(config));
        assertThat(ModelConfig.read(ModelFiles.of(folder), 0).windows()).hasToString("[" + windows + "]");
    }

    @ParameterizedTest
    @CsvSource({"gemma3, 1000000, 10000"})
    void theTwoRotationsOfGemmaAreReadInTheirOldPlacesToo(
            String family, double everywhere, double sliding, @TempDir Path folder) throws IOException {
        Path from = Reference.RESOURCES.resolve("families").resolve(family);
        ObjectNode config = (ObjectNode) JSON.readTree(Files.readAllBytes(from.resolve("config.json")));
        config.remove("rope_parameters");
        config.put("rope_theta", everywhere);
        config.put("rope_local_base_freq", sliding);
        config.set("rope_scaling", JSON.readTree("{\"rope_type\": \"linear\", \"factor\": 8.0}"));
        Files.write(folder.resolve("config.json"), JSON.writeValueAsBytes(config));
        ModelConfig old = ModelConfig.read(ModelFiles.of(folder), 0);
        ModelConfig now = ModelConfig.read(ModelFiles.of(from), 0);
        assertThat(old.ropeFor(true)).isEqualTo(now.ropeFor(true)).isNotEqualTo(now.ropeFor(false));
        assertThat(old.ropeFor(false)).isEqualTo(now.ropeFor(false));
    }
}
