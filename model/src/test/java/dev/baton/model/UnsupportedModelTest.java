package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        refused(folder, "\"rope_type\": \"default\"", "\"rope_type\": \"mrope\"", "mrope", "llama3");
    }

    @Test
    void weightsThatDoNotFitTheConfigurationAreRefused(@TempDir Path folder) throws IOException {
        refused(folder, "\"intermediate_size\": 704", "\"intermediate_size\": 703", "gate_proj", "703");
    }

    @Test
    void longRopeWithoutAFactorForEachPairIsRefused(@TempDir Path folder) throws IOException {
        refused(
                folder,
                "\"rope_type\": \"default\"",
                "\"rope_type\": \"longrope\", \"short_factor\": [1], \"long_factor\": [1]",
                "1 numbers as short_factor");
    }

    @Test
    void anEndOfSequenceBeyondTheVocabularyIsRefused(@TempDir Path folder) throws IOException {
        refused(
                folder,
                "\"eos_token_id\": \\[",
                "\"eos_token_id\": [1048576, ",
                "eos_token_id 1048576 is beyond the vocabulary");
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

    @ParameterizedTest
    @ValueSource(strings = {"fp8", "bitsandbytes", "compressed-tensors"})
    void weightsThatAreQuantisedAlreadyAreRefusedByTheirMethod(String method, @TempDir Path folder) throws IOException {
        String quantised = "\"quantization_config\": {\"quant_method\": \"%s\", \"bits\": 4}".formatted(method);
        refused(
                folder,
                "\"hidden_size\": (\\d+)",
                "\"hidden_size\": $1, " + quantised,
                "quantised by " + method,
                "bf16");
    }

    private static void refused(Path folder, String from, String to, String... says) throws IOException {
        String config = Files.readString(Reference.DEMO.resolve("config.json"));
        String changed = Pattern.compile(from, Pattern.DOTALL).matcher(config).replaceAll(to);
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
