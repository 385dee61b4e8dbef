package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models whose weights stay in the groups of 4 and 8 bits that a GGUF file has them in. */
class StoredGroupsTest {
    /** Values of other types than queries and keys: one product of three matrices. */
    private static final Map<String, Integer> TYPES = Map.of(
            "attn_q.weight",
            3,
            "attn_k.weight",
            3,
            "attn_v.weight",
            8,
            "attn_output.weight",
            2,
            "ffn_gate.weight",
            2,
            "ffn_up.weight",
            2,
            "ffn_down.weight",
            3,
            "token_embd.weight",
            8);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"llama2", "qwen2"})
    void noBitDependsOnChunksOrThreadsAndTheResultIsNearThatOfTheWeightsInBf16(String family) throws IOException {
        Path file = QuantisedGguf.write(
                Reference.RESOURCES.resolve("gguf").resolve(family + ".gguf"), folder.resolve("q.gguf"), TYPES);
        int[] tokens = Reference.read(Reference.RESOURCES.resolve("families").resolve(family))
                .cases()
                .getLast()
                .tokens();
        float[] expected;
        long stored;
        try (OpenModel model = open(file, WeightChoice.STORED, 1)) {
            assertThat(model.shape(1).exact()).isTrue();
            assertThat(model.shape(1).numerics()).contains("Q4_0 and Q4_1 and Q8_0 weights", "int8 activations");
            stored = model.shape(1).fingerprint();
            expected = last(model, tokens, tokens.length);
        }
        try (OpenModel model = open(file, WeightChoice.STORED, 2)) {
            assertThat(model.shape(1).fingerprint()).isEqualTo(stored);
            for (int chunk : new int[] {1, 7, 30, tokens.length}) {
                assertThat(last(model, tokens, chunk)).as("chunks of %d", chunk).isEqualTo(expected);
            }
        }
        try (OpenModel model = open(file, WeightChoice.BF16, 2)) {
            assertThat(model.shape(1).fingerprint()).isNotEqualTo(stored);
            assertThat(model.shape(1).numerics()).contains("BF16 weights, f32 arithmetic");
            assertThat(Reference.difference(last(model, tokens, tokens.length), expected))
                    .isBetween(1e-7, 0.05);
        }
    }

    private static float[] last(OpenModel model, int[] tokens, int chunk) {
        try (Reference.Sequence sequence = new Reference.Sequence(model, tokens.length)) {
            float[] logits = {};
            for (int at = 0; at < tokens.length; at += chunk) {
                logits = sequence.forward(Arrays.copyOfRange(tokens, at, Math.min(tokens.length, at + chunk)));
            }
            return logits;
        }
    }

    private static OpenModel open(Path file, WeightChoice weights, int threads) throws IOException {
        return Models.open(
                new ModelSettings(file, "groups", new Precision(DtypeChoice.AUTO, weights), threads, 16),
                (done, of) -> {});
    }
}
