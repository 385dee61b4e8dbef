package dev.baton.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class GgufFileTest {
    @Test
    void refusesWhatIsNoSoundFileAndSaysWhy() {
        byte[] sound = GgufBytes.llama(4).bytes();
        refused(Arrays.copyOf(sound, 3), "ends within its header");
        refused("GGML....".getBytes(StandardCharsets.US_ASCII), "does not begin with GGUF");
        refused(changed(sound, 4, 1), "version 1; read are 2 and 3");
        refused(changed(changed(sound, 4, 0), 7, 3), "big-endian");
        refused(changed(sound, 15, 1), "a number of tensors of");
        refused(Arrays.copyOf(sound, sound.length - 1), "is it whole?");
        refused(GgufBytes.llama(4).u32("general.alignment", 24).bytes(), "an alignment of 24");
        refused(GgufBytes.llama(4).u32("llama.context_length", 9).bytes(), "is there twice");
        refused(GgufBytes.llama(4).tensor("token_embd.weight", 0, 1).bytes(), "is there twice");
        refused(GgufBytes.llama(4).tensor("a", 8, 33).bytes(), "rows of 33 elements in blocks of 32");
        refused(GgufBytes.llama(4).tensor("a", 0, 0, new byte[4], 1).bytes(), "begins at 0, where 512 follows");
        refused(GgufBytes.llama(4).tensor("a", 99, 512, new byte[4], 1).bytes(), "type 99, which is not known");
        refused(
                GgufBytes.llama(4)
                        .tensor("a", 0, 512, new byte[4], 1L << 30, 1L << 30, 1L << 30)
                        .bytes(),
                "impossible shape");
    }

    @ParameterizedTest
    @CsvSource({
        "mamba, architecture mamba is not supported as GGUF",
        "qwen3moe, architecture qwen3moe is not supported as GGUF"
    })
    void refusesAnArchitectureByItsName(String name, String says) throws IOException {
        GgufFile file = parse(new GgufBytes().text("general.architecture", name).bytes());
        assertThatThrownBy(() -> GgufConfig.json(file))
                .hasMessageContaining(says)
                .hasMessageContaining("gemma3");
    }

    @Test
    void refusesPartsAndExperts() throws IOException {
        GgufFile part = parse(GgufBytes.llama(4).u32("split.count", 3).bytes());
        assertThatThrownBy(() -> GgufConfig.json(part)).hasMessageContaining("one part of 3");
        GgufFile experts = parse(GgufBytes.llama(4).u32("llama.expert_count", 8).bytes());
        assertThatThrownBy(() -> GgufConfig.json(experts)).hasMessageContaining("mixtures of experts");
        GgufFile uneven = parse(
                GgufBytes.llama(4).i32s("llama.attention.head_count_kv", 2, 1).bytes());
        assertThatThrownBy(() -> GgufConfig.json(uneven)).hasMessageContaining("layers differ");
    }

    @Test
    void anUnknownKindOfTensorThatNobodyReadsDoesNotMatter() throws IOException {
        GgufFile file =
                parse(GgufBytes.llama(4).tensor("vision.weight", 23, 256).bytes());
        assertThat(file.tensors().values()).anyMatch(tensor -> !tensor.type().readable());
        assertThat(GgufConfig.json(file).path("vocab_size").asInt()).isEqualTo(4);
    }

    @Test
    void factorsOfRotationBecomeLongRopeWhateverTheirSource() throws IOException {
        byte[] halves = {0, 0, 0, 63, 0, 0, -128, 63}; // 0.5, 1
        JsonNode always = config(GgufBytes.llama(4).tensor("rope_freqs.weight", 0, 512, halves, 2));
        assertThat(always.path("rope_scaling").toString())
                .contains("\"rope_type\":\"longrope\"", "\"short_factor\":[0.5,1.0]", "\"attention_factor\":1.0");
        JsonNode byContext = config(new GgufBytes()
                .text("general.architecture", "phi3")
                .u32("phi3.embedding_length", 32)
                .u32("phi3.block_count", 1)
                .u32("phi3.feed_forward_length", 64)
                .u32("phi3.context_length", 4096)
                .u32("phi3.attention.head_count", 2)
                .u32("phi3.rope.scaling.original_context_length", 1024)
                .f32("phi3.rope.scaling.attn_factor", 1.25f)
                .tensor("token_embd.weight", 0, 32, 4)
                .tensor("rope_factors_short.weight", 0, 512, halves, 2)
                .tensor("rope_factors_long.weight", 0, 544, halves, 2));
        assertThat(byContext.path("rope_scaling").toString())
                .contains(
                        "\"long_factor\":[0.5,1.0]",
                        "\"attention_factor\":1.25",
                        "\"original_max_position_embeddings\":1024");
        JsonNode linear = config(
                GgufBytes.llama(4).text("llama.rope.scaling.type", "linear").f32("llama.rope.scaling.factor", 4));
        assertThat(linear.path("rope_scaling").toString()).contains("\"linear\"", "4.0");
        assertThatThrownBy(() -> config(GgufBytes.llama(4).text("llama.rope.scaling.type", "longrope")))
                .hasMessageContaining("longrope without its factors");
    }

    @Test
    void tokenizersOfOtherKindsAreRefusedByName() throws IOException {
        assertThatThrownBy(() -> tokenizer(GgufBytes.llama(1).text("tokenizer.ggml.model", "t5")))
                .hasMessageContaining("tokenizer.ggml.model is t5")
                .hasMessageContaining("gpt2, llama");
        GgufBytes bytes = GgufBytes.llama(1)
                .text("tokenizer.ggml.model", "gpt2")
                .texts("tokenizer.ggml.tokens", List.of("a"))
                .texts("tokenizer.ggml.merges", List.of())
                .text("tokenizer.ggml.pre", "kimi-k2");
        assertThatThrownBy(() -> tokenizer(bytes).json())
                .hasMessageContaining("tokenizer.ggml.pre is kimi-k2")
                .hasMessageContaining("llama-bpe")
                .hasMessageContaining("qwen2");
    }

    @Test
    void tokensBeyondTheEmbeddingsOrTwiceAreRefused() {
        assertThatThrownBy(() -> tokenizer(vocabulary(1, "a", "b")))
                .hasMessageContaining("2 tokens, and embeddings for 1");
        assertThatThrownBy(() -> tokenizer(vocabulary(2, "a", "a"))).hasMessageContaining("token a is there twice");
        assertThatThrownBy(() -> tokenizer(vocabulary(2, "a", "b").u32("tokenizer.ggml.eos_token_id", 2))
                        .generationConfig())
                .hasMessageContaining("eos_token_id is 2 of 2 tokens");
        assertThatThrownBy(() -> tokenizer(vocabulary(3, "a", "b").texts("tokenizer.ggml.merges", List.of("a b")))
                        .json())
                .hasMessageContaining("a merge of 'a' and 'b', which are no tokens");
    }

    private static GgufBytes vocabulary(int embeddings, String... tokens) {
        return GgufBytes.llama(embeddings)
                .text("tokenizer.ggml.model", "gpt2")
                .text("tokenizer.ggml.pre", "gpt-2")
                .texts("tokenizer.ggml.tokens", List.of(tokens));
    }

    private static JsonNode config(GgufBytes file) throws IOException {
        return GgufConfig.json(parse(file.bytes()));
    }

    private static GgufTokenizer tokenizer(GgufBytes file) throws IOException {
        return GgufTokenizer.of(parse(file.bytes()));
    }

    private static GgufFile parse(byte[] bytes) throws IOException {
        return GgufFile.parse("f.gguf", MemorySegment.ofArray(bytes));
    }

    private static byte[] changed(byte[] bytes, int at, int value) {
        byte[] other = bytes.clone();
        other[at] = (byte) value;
        return other;
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> refused(byte[] bytes, String says) {
        return assertThatThrownBy(() -> parse(bytes))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("f.gguf is not a sound GGUF file")
                .hasMessageContaining(says);
    }
}
