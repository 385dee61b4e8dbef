package dev.baton.checkpoint.gguf;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An architecture that is read, by its name in {@code general.architecture}, with its tensors' names in a folder. What the
 * converter to GGUF changed, and must be changed back, is a flag.
 */
enum Architecture {
    LLAMA("llama", "LlamaForCausalLM"),
    QWEN2("qwen2", "Qwen2ForCausalLM"),
    QWEN3("qwen3", "Qwen3ForCausalLM"),
    PHI3("phi3", "Phi3ForCausalLM"),
    GEMMA2("gemma2", "Gemma2ForCausalLM"),
    GEMMA3("gemma3", "Gemma3ForCausalLM");

    private static final Map<String, String> WHOLE = Map.of(
            "token_embd", "model.embed_tokens",
            "output_norm", "model.norm",
            "output", "lm_head");
    private static final Map<String, String> IN_LAYER = Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_qkv", "self_attn.qkv_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("post_attention_norm", "post_attention_layernorm"),
            Map.entry("post_ffw_norm", "post_feedforward_layernorm"));

    private final String name;
    private final String inFolders;

    Architecture(String name, String inFolders) {
        this.name = name;
        this.inFolders = inFolders;
    }

    static Architecture of(GgufMetadata metadata) throws IOException {
        String name = metadata.text("general.architecture").orElse("(none)");
        return Arrays.stream(values())
                .filter(architecture -> architecture.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IOException("%s: architecture %.100s is not supported as GGUF; supported are %s"
                        .formatted(
                                metadata.file(),
                                name,
                                Arrays.stream(values()).map(a -> a.name).collect(Collectors.joining(", ")))));
    }

    /** A key of this architecture. */
    String key(String rest) {
        return name + "." + rest;
    }

    /** As {@code config.json} names it. */
    String inFolders() {
        return inFolders;
    }

    boolean gemma() {
        return this == GEMMA2 || this == GEMMA3;
    }

    /** Whether rows of query and key are in rotated pairs. */
    boolean interleaved() {
        return this == LLAMA;
    }

    /** The folder's name of a tensor; its own where folders have none like it. */
    String folderName(String tensor) {
        int dot = tensor.lastIndexOf('.');
        if (dot < 0) {
            return tensor;
        }
        String end = tensor.substring(dot);
        String whole = WHOLE.get(tensor.substring(0, dot));
        if (whole != null) {
            return whole + end;
        }
        String[] parts = tensor.substring(0, dot).split("\\.", 3);
        if (parts.length != 3 || !parts[0].equals("blk")) {
            return tensor;
        }
        String inLayer = partOfLayer(parts[2]);
        return inLayer == null ? tensor : "model.layers." + parts[1] + "." + inLayer + end;
    }

    private @Nullable String partOfLayer(String part) {
        if (gemma() && part.equals("ffn_norm")) {
            return "pre_feedforward_layernorm";
        }
        if (this == PHI3 && part.equals("ffn_up")) {
            return "mlp.gate_up_proj";
        }
        return IN_LAYER.get(part);
    }
}
