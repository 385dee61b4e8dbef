package dev.baton.bench.engine;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Writes a Llama checkpoint of a given shape with random bf16 weights: for speed, not for sense. */
record RandomCheckpoint(String name, int hidden, int layers, Heads heads, Widths widths) {
    record Heads(int query, int keyValue) {}

    record Widths(int intermediate, int vocab, boolean tied) {}

    static final RandomCheckpoint SMALL =
            new RandomCheckpoint("135M", 576, 30, new Heads(9, 3), new Widths(1536, 49152, true));
    static final RandomCheckpoint LARGE =
            new RandomCheckpoint("1.1B", 2048, 22, new Heads(32, 4), new Widths(5632, 32000, false));

    private static final int CHUNK = 1 << 20;

    /** @throws IllegalArgumentException that names the shapes there are */
    static RandomCheckpoint named(String name) {
        return switch (name) {
            case "135M" -> SMALL;
            case "1.1B" -> LARGE;
            default -> throw new IllegalArgumentException("shape %s: 135M and 1.1B are known".formatted(name));
        };
    }

    void write(Path folder) throws IOException {
        Files.writeString(folder.resolve("config.json"), """
                {"architectures": ["LlamaForCausalLM"], "hidden_size": %d, "num_hidden_layers": %d,
                 "num_attention_heads": %d, "num_key_value_heads": %d, "intermediate_size": %d, "vocab_size": %d,
                 "tie_word_embeddings": %b, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
                 "rope_theta": 10000.0, "hidden_act": "silu", "eos_token_id": 2}
                """.formatted(
                        hidden, layers, heads.query, heads.keyValue, widths.intermediate, widths.vocab, widths.tied));
        Map<String, long[]> shapes = shapes();
        StringBuilder header = new StringBuilder("{");
        long at = 0;
        for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
            long[] shape = entry.getValue();
            long bytes = shape[0] * (shape.length == 2 ? shape[1] : 1) * 2;
            header.append(header.length() > 1 ? "," : "")
                    .append("\"%s\":{\"dtype\":\"BF16\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                            .formatted(entry.getKey(), java.util.Arrays.toString(shape), at, at + bytes));
            at += bytes;
        }
        byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
        try (OutputStream file = Files.newOutputStream(folder.resolve("model.safetensors"))) {
            file.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(json.length)
                    .array());
            file.write(json);
            byte[] weights = randomWeights();
            for (long left = at; left > 0; left -= CHUNK) {
                file.write(weights, 0, (int) Math.min(CHUNK, left));
            }
        }
    }

    /** Numbers between 2^-7 and 2^-5 of either sign. */
    private static byte[] randomWeights() {
        Random random = new Random(1);
        ByteBuffer weights = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
        while (weights.hasRemaining()) {
            weights.putShort((short) ((random.nextBoolean() ? 0x8000 : 0) | 0x3c00 | random.nextInt(0x100)));
        }
        return weights.array();
    }

    private Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        long dim = hidden / heads.query;
        shapes.put("model.embed_tokens.weight", new long[] {widths.vocab, hidden});
        for (int i = 0; i < layers; i++) {
            String layer = "model.layers." + i + ".";
            shapes.put(layer + "input_layernorm.weight", new long[] {hidden});
            shapes.put(layer + "post_attention_layernorm.weight", new long[] {hidden});
            shapes.put(layer + "self_attn.q_proj.weight", new long[] {hidden, hidden});
            shapes.put(layer + "self_attn.k_proj.weight", new long[] {heads.keyValue * dim, hidden});
            shapes.put(layer + "self_attn.v_proj.weight", new long[] {heads.keyValue * dim, hidden});
            shapes.put(layer + "self_attn.o_proj.weight", new long[] {hidden, hidden});
            shapes.put(layer + "mlp.gate_proj.weight", new long[] {widths.intermediate, hidden});
            shapes.put(layer + "mlp.up_proj.weight", new long[] {widths.intermediate, hidden});
            shapes.put(layer + "mlp.down_proj.weight", new long[] {hidden, widths.intermediate});
        }
        shapes.put("model.norm.weight", new long[] {hidden});
        if (!widths.tied) {
            shapes.put("lm_head.weight", new long[] {widths.vocab, hidden});
        }
        return shapes;
    }
}
