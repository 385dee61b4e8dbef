package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class ModelFingerprintTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Path DEMO = Path.of("..", "models", "demo");
    private static final Precision STORED = new Precision(DtypeChoice.AUTO, WeightChoice.STORED);

    @TempDir
    Path folder;

    /** What fails here gives all workers another fingerprint: their caches are dropped once, and clients are told of other bits. */
    @Test
    void ofTheDemoModelIsMadeOfTheTextThatIsWrittenDown() throws IOException {
        Path written = Reference.RESOURCES.resolve("demo").resolve("fingerprint.txt");
        try (CpuModel model = open(new ModelSettings(DEMO, "any", STORED, 1, 64))) {
            assertThat(model.identity().text()).isEqualTo(Files.readString(written, StandardCharsets.UTF_8));
            assertThat(Long.toHexString(model.shape(1).fingerprint())).isEqualTo("2a4fb47e0e2888ad");
        }
    }

    @Test
    void isTheSameWhateverTheNameTheThreadsTheContextAndTheLocale() throws IOException {
        Set<Long> values = new HashSet<>();
        Locale before = Locale.getDefault();
        try {
            for (ModelSettings settings : List.of(
                    new ModelSettings(DEMO, "a", STORED, 1, 64),
                    new ModelSettings(DEMO, "b", STORED, 2, 64),
                    new ModelSettings(DEMO, "a", STORED, 1, 64, 128),
                    new ModelSettings(DEMO, "a", DtypeChoice.BF16, 1, 64))) {
                try (CpuModel model = open(settings)) {
                    values.add(model.shape(1).fingerprint());
                }
                Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            }
        } finally {
            Locale.setDefault(before);
        }
        assertThat(values).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            llama32 | {"transformers_version": "0", "torch_dtype": "float32", "bos_token_id": 3} | false
            llama32 | {"initializer_range": 0.5, "pretraining_tp": 2, "_name_or_path": "there"}   | false
            llama32 | {"eos_token_id": 9}                                                        | false
            llama32 | {"rms_norm_eps": 0.001}                                                    | true
            llama32 | {"rope_parameters": {"rope_theta": 5.0, "rope_type": "default"}}           | true
            llama32 | {"intermediate_size": 11}                                                  | true
            llama32 | {"hidden_size": 128, "head_dim": 16}                                       | true
            llama32 | {"num_hidden_layers": 1}                                                   | true
            llama32 | {"num_key_value_heads": 1}                                                 | true
            llama32 | {"vocab_size": 77}                                                         | true
            llama32 | {"hidden_act": "gelu_pytorch_tanh"}                                        | true
            llama32 | {"partial_rotary_factor": 0.5}                                             | true
            llama32 | {"sliding_window": 8}                                                      | false
            llama32 | {"architectures": ["Qwen3ForCausalLM"]}                                    | true
            mistral | {"sliding_window": 5}                                                      | true
            gemma2  | {"attn_logit_softcapping": 1.5}                                            | true
            gemma2  | {"final_logit_softcapping": 1.5}                                           | true
            gemma2  | {"query_pre_attn_scalar": 3}                                               | true
            gemma2  | {"tie_word_embeddings": false}                                             | true
            mixtral | {"num_experts_per_tok": 1}                                                 | true
            qwen3-moe | {"norm_topk_prob": true, "moe_intermediate_size": 3}                     | true
            """)
    void changesWithWhatBearsOnBitsOfTheConfiguration(String family, String changes, boolean differs)
            throws IOException {
        Path from = Reference.RESOURCES.resolve("families").resolve(family);
        ObjectNode config = (ObjectNode) JSON.readTree(Files.readAllBytes(from.resolve("config.json")));
        long before = of(config).value();
        config.setAll((ObjectNode) JSON.readTree(changes));
        assertThat(of(config).value() != before).isEqualTo(differs);
    }

    @Test
    void changesWithEachPartThatIsNotOfTheConfiguration() throws IOException {
        ModelConfig config = ModelConfig.read(ModelFiles.of(DEMO), 0);
        List<ModelFingerprint> all = new ArrayList<>(List.of(
                new ModelFingerprint("cpu 4", config, "w", STORED, 64, Set.of(1, 7)),
                new ModelFingerprint("cpu 5", config, "w", STORED, 64, Set.of(1, 7)),
                new ModelFingerprint("cpu 4", config, "v", STORED, 64, Set.of(1, 7)),
                new ModelFingerprint("cpu 4", config, "w", STORED, 32, Set.of(1, 7)),
                new ModelFingerprint("cpu 4", config, "w", STORED, 64, Set.of(1)),
                new ModelFingerprint("cpu 4", config, "w", STORED, 64, Set.of(1, 7)).with("groups path", "1"),
                new ModelFingerprint("cpu 4", config, "w", STORED, 64, Set.of(1, 7)).with("groups path", "2")));
        for (DtypeChoice dtype : List.of(DtypeChoice.BF16, DtypeChoice.F32)) {
            for (WeightChoice weights : WeightChoice.values()) {
                if (!new Precision(dtype, weights).equals(new Precision(DtypeChoice.BF16, WeightChoice.STORED))) {
                    all.add(new ModelFingerprint(
                            "cpu 4", config, "w", new Precision(dtype, weights), 64, Set.of(1, 7)));
                }
            }
        }
        assertThat(all.stream().map(ModelFingerprint::value)).doesNotHaveDuplicates();
    }

    @Test
    void changesWithBytesAndTypesOfTensors() throws IOException {
        Path whole = EditedFolder.of("llama32", folder).written();
        Path file = whole.resolve("model.safetensors");
        String stored = digest(whole);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        String flipped = digest(whole);
        bytes[bytes.length - 1] ^= 1;
        String header = new String(bytes, StandardCharsets.ISO_8859_1);
        int type = header.indexOf("\"BF16\"");
        assertThat(type).isPositive();
        // The same bytes, which are other numbers.
        System.arraycopy("\"F16\" ".getBytes(StandardCharsets.ISO_8859_1), 0, bytes, type, 6);
        Files.write(file, bytes);
        assertThat(List.of(stored, flipped, digest(whole))).doesNotHaveDuplicates();
    }

    private static String digest(Path folder) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(ModelFiles.of(folder), STORED)) {
            return checkpoint.digest();
        }
    }

    private ModelFingerprint of(ObjectNode config) throws IOException {
        Files.write(folder.resolve("config.json"), JSON.writeValueAsBytes(config));
        return new ModelFingerprint(
                "cpu 4", ModelConfig.read(ModelFiles.of(folder), 0), "weights", STORED, 64, Set.of(1));
    }

    private static CpuModel open(ModelSettings settings) throws IOException {
        return CpuModel.open(settings, (bytes, ofBytes) -> {});
    }
}
