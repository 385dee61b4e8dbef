package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loader refuses what it would misread and nothing else. */
class LoaderTest {
    @TempDir
    Path folder;

    @Test
    void aStoredHeadWinsOverAConfigurationThatTiesIt() throws IOException {
        EditedFolder.of("mistral", folder)
                .configured("tie_word_embeddings", true)
                .written();
        assertThat(logits(folder)).isEqualTo(logits(family("mistral")));
    }

    @Test
    void aHeadThatIsNeitherStoredNorTiedIsRefused() throws IOException {
        EditedFolder.of("llama32", folder)
                .configured("tie_word_embeddings", false)
                .written();
        assertThatThrownBy(() -> logits(folder)).hasMessageContaining("lm_head.weight");
    }

    @Test
    void tensorsThatNobodyReadsDoNotMatterWhateverTheirType() throws IOException {
        EditedFolder.of("qwen3", folder)
                .with("vision_tower.weight", "BF16", 8, 2, 2)
                .with("model.layers.0.self_attn.rotary_emb.position_ids", "I64", 16, 2)
                .with("model.layers.7.self_attn.q_proj.weight", "F8_E4M3", 4, 2, 2)
                .with("packed", "F4", 2, 4)
                .written();
        assertThat(logits(folder)).isEqualTo(logits(family("qwen3")));
    }

    @Test
    void aTensorThatIsReadAndOfAnotherTypeIsRefusedByName() throws IOException {
        EditedFolder.of("qwen3", folder)
                .configured("num_hidden_layers", 3)
                .with("model.layers.2.self_attn.q_proj.weight", "F8_E4M3", 96 * 32, 96, 32)
                .written();
        assertThatThrownBy(() -> logits(folder))
                .isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining("model.layers.2.self_attn.q_proj.weight is stored as F8_E4M3");
    }

    @Test
    void tensorsOfOneProductMayBeOfDifferentTypes() throws IOException {
        EditedFolder.of("mistral", folder)
                .asHalf("model.layers.1.self_attn.k_proj.weight")
                .asHalf("model.layers.0.mlp.up_proj.weight")
                .asHalf("model.norm.weight")
                .written();
        assertThat(logits(folder)).isEqualTo(logits(family("mistral")));
    }

    @Test
    void filesThatTheIndexDoesNotNameAreNotMixedIn() throws IOException {
        Path sharded = family("qwen25-sharded");
        try (Stream<Path> files = Files.list(sharded)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        // Another checkpoint's tensors under the same names.
        Files.copy(family("qwen2").resolve("model.safetensors"), folder.resolve("model-00008-of-00008.safetensors"));
        Files.writeString(folder.resolve("consolidated.safetensors"), "no such file");
        assertThat(logits(folder)).isEqualTo(logits(sharded));
    }

    @Test
    void anIndexBesideOneWholeFileIsNotMixedIn() throws IOException {
        EditedFolder.of("mistral", folder).written();
        Path sharded = family("qwen25-sharded");
        try (Stream<Path> files = Files.list(sharded)) {
            for (Path file :
                    files.filter(f -> f.toString().contains(".safetensors")).toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        assertThat(logits(folder)).isEqualTo(logits(family("mistral")));
    }

    private static float[] logits(Path folder) throws IOException {
        int[] tokens = {3, 14, 15, 92, 65, 35, 89, 79, 32, 38};
        ModelSettings settings = new ModelSettings(folder, "model", DtypeChoice.F32, 1, 16);
        try (OpenModel model = Models.open(settings, (done, of) -> {});
                Reference.Sequence sequence = new Reference.Sequence(model, tokens.length)) {
            return Arrays.copyOf(sequence.forward(tokens), 64);
        }
    }

    private static Path family(String name) {
        return Reference.RESOURCES.resolve("families").resolve(name);
    }
}
