package dev.baton.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnsupportedModelTest {
    @Test
    void anUnknownArchitectureIsRefusedByItsNameAndTheSupportedOnesAreNamed(@TempDir Path folder) throws IOException {
        refused(folder, "\"LlamaForCausalLM\"", "\"MambaForCausalLM\"", "MambaForCausalLM", "LlamaForCausalLM");
    }

    @Test
    void anUnknownActivationIsRefused(@TempDir Path folder) throws IOException {
        refused(folder, "\"silu\"", "\"relu2\"", "relu2", "silu");
    }

    @Test
    void anUnknownRotaryScalingIsRefused(@TempDir Path folder) throws IOException {
        refused(folder, "\"rope_type\": \"default\"", "\"rope_type\": \"longrope\"", "longrope", "llama3");
    }

    @Test
    void weightsThatDoNotFitTheConfigurationAreRefused(@TempDir Path folder) throws IOException {
        refused(folder, "\"intermediate_size\": 704", "\"intermediate_size\": 703", "gate_proj", "703");
    }

    @Test
    void aWeightWithoutAPlaceIsRefused(@TempDir Path folder) throws IOException {
        refused(folder, "\"num_hidden_layers\": \\d+", "\"num_hidden_layers\": 1", "no place", "model.layers.1");
    }

    @Test
    void sizesThatWouldEatTheMachineAreRefused(@TempDir Path folder) throws IOException {
        refused(folder.resolve("a"), "\"num_hidden_layers\": \\d+", "\"num_hidden_layers\": 2147483647", "no sense");
        refused(
                folder.resolve("b"),
                "\"max_position_embeddings\": \\d+",
                "\"max_position_embeddings\": 2147483647",
                "no sense");
        refused(
                folder.resolve("c"),
                "\"hidden_size\": (\\d+)",
                "\"hidden_size\": $1, \"partial_rotary_factor\": 1e9",
                "no sense");
        refused(folder.resolve("d"), "\"hidden_size\": (\\d+)", "\"hidden_size\": $1, \"sliding_window\": -3", "-3");
    }

    private static void refused(Path folder, String from, String to, String... says) throws IOException {
        String config = Files.readString(Reference.DEMO.resolve("config.json"));
        String changed = config.replaceAll(from, to);
        assertThat(changed).as("config.json with another value").isNotEqualTo(config);
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), changed);
        Files.copy(Reference.DEMO.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        ModelSettings settings = new ModelSettings(folder, "broken", ModelSettings.DtypeChoice.AUTO, 1, 64);
        assertThatThrownBy(() -> Models.open(settings, (done, of) -> {}))
                .isInstanceOf(UnsupportedModelException.class)
                .message()
                .contains(says);
    }
}
