package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders that GPTQ and AWQ quantised to 4 bits. */
class PackedInt4Test {
    private static final Path FOLDER = Reference.RESOURCES.resolve("families").resolve("llama2");
    private static final String GPTQ =
            "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 32, \"desc_act\": false}";
    private static final String AWQ =
            "{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 32, \"version\": \"gemm\"}";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theModelIsNearTheOneThatWasQuantisedAndNoBitDependsOnChunks(boolean awq) throws IOException {
        PackedFolder.write(FOLDER, folder, awq, awq ? AWQ : GPTQ);
        Reference.Case one = Reference.read(FOLDER).cases().getLast();
        int[] tokens = Arrays.copyOf(one.tokens(), one.positions()[0] + 1);
        float[] expected;
        try (OpenModel model = open(folder, WeightChoice.STORED)) {
            assertThat(model.shape(1).exact()).isTrue();
            assertThat(model.shape(1).numerics()).contains("Q4_ZERO");
            expected = last(model, tokens, tokens.length);
            assertThat(last(model, tokens, 7)).isEqualTo(expected);
            assertThat(Reference.difference(expected, one.logits()[0])).isBetween(1e-6, 0.3);
        }
        try (OpenModel model = open(folder, WeightChoice.BF16)) {
            assertThat(Reference.difference(last(model, tokens, tokens.length), expected))
                    .isBetween(1e-7, 0.05);
        }
    }

    @Test
    void bothStandForTheSameWeights(@TempDir Path other) throws IOException {
        PackedFolder.write(FOLDER, folder, false, GPTQ);
        PackedFolder.write(FOLDER, other, true, AWQ);
        Reference.Case one = Reference.read(FOLDER).cases().getLast();
        int[] tokens = Arrays.copyOf(one.tokens(), 9);
        try (OpenModel gptq = open(folder, WeightChoice.STORED);
                OpenModel awq = open(other, WeightChoice.STORED)) {
            assertThat(last(gptq, tokens, 9)).isEqualTo(last(awq, tokens, 9));
            assertThat(gptq.shape(1).fingerprint()).isNotEqualTo(awq.shape(1).fingerprint());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"bits\": 4|\"bits\": 3|bits 3",
                "\"desc_act\": false|\"desc_act\": true|desc_act",
                "\"group_size\": 32|\"group_size\": 16|group_size 16",
                "\"group_size\": 32|\"group_size\": -1|group_size -1",
                "\"desc_act\": false|\"checkpoint_format\": \"marlin\"|marlin",
                "\"group_size\": 32|\"group_size\": 64|tensor",
            })
    void whatIsNotReadIsRefusedByName(String from, String to, String says) throws IOException {
        PackedFolder.write(FOLDER, folder, false, GPTQ.replace(from, to));
        refused(says);
    }

    @ParameterizedTest
    @CsvSource({
        "q_proj.qzeros, q_proj.nzeros, qzeros",
        "q_proj.scales, q_proj.scalex, scales",
        "q_proj.qweight, q_proj.qweighs, q_proj.weight"
    })
    void aMissingTensorIsNamed(String from, String to, String says) throws IOException {
        PackedFolder.write(FOLDER, folder, false, GPTQ);
        Path file = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        int length = (int) Long.reverseBytes(ByteBuffer.wrap(bytes).getLong());
        String header = new String(bytes, 8, length, java.nio.charset.StandardCharsets.UTF_8).replace(from, to);
        System.arraycopy(header.getBytes(java.nio.charset.StandardCharsets.UTF_8), 0, bytes, 8, length);
        Files.write(file, bytes);
        refused(says);
    }

    private void refused(String says) {
        assertThatThrownBy(() -> open(folder, WeightChoice.STORED))
                .isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining(says);
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

    private static OpenModel open(Path folder, WeightChoice weights) throws IOException {
        return Models.open(
                new ModelSettings(folder, "packed", new Precision(DtypeChoice.AUTO, weights), 2, 16), (done, of) -> {});
    }
}
