package dev.baton.model;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How one architecture departs from Llama's layer. Adding a family is adding a row to {@link #ALL}.
 *
 * @param architecture as {@code config.json} names it
 * @param traits what it does differently
 * @param windowed which layers slide when the configuration does not list them
 * @param experts names of the tensors of routed experts
 */
public record Family(String architecture, Set<Trait> traits, Windowed windowed, ExpertNames experts) {
    /** One departure. */
    public enum Trait {
        /** Query, key and value come from one stored matrix. */
        FUSED_QKV,
        /** Gate and up come from one stored matrix. */
        FUSED_GATE_UP,
        /** Each head of query and key is normalised before rotation. */
        QUERY_KEY_NORM,
        /** Norms scale by one plus their weight. */
        NORM_PLUS_ONE,
        /** Attention and MLP are each normalised before and after. */
        SANDWICH_NORMS,
        /** Embeddings are scaled by the root of the hidden size. */
        SCALED_EMBEDDING,
        /** The MLP is a routed mixture of experts, except in layers that have a plain one. */
        EXPERTS,
        /** Routing weights of the chosen experts add up to one, whatever the configuration says. */
        NORMED_ROUTING
    }

    /** The layers that attend within a window. */
    enum Windowed {
        NONE,
        /** All, when the configuration gives a window. */
        ALL,
        /** From {@code max_window_layers} on, when {@code use_sliding_window} is set. */
        QWEN,
        /** Every other one, beginning with the first. */
        ALTERNATE,
        /** All but every {@code sliding_window_pattern}-th. */
        PATTERN
    }

    /** Tensor names below {@code model.layers.N.}; an expert's index goes between {@code experts} and the rest. */
    record ExpertNames(String router, String experts, String gate, String up, String down) {
        static final ExpertNames NONE = new ExpertNames("", "", "", "", "");
    }

    static final List<Family> ALL = List.of(
            of("LlamaForCausalLM", Windowed.NONE),
            of("MistralForCausalLM", Windowed.ALL),
            of("Qwen2ForCausalLM", Windowed.QWEN),
            of("Qwen3ForCausalLM", Windowed.QWEN, Trait.QUERY_KEY_NORM),
            of("Phi3ForCausalLM", Windowed.ALL, Trait.FUSED_QKV, Trait.FUSED_GATE_UP),
            of(
                    "Gemma2ForCausalLM",
                    Windowed.ALTERNATE,
                    Trait.NORM_PLUS_ONE,
                    Trait.SANDWICH_NORMS,
                    Trait.SCALED_EMBEDDING),
            of(
                    "Gemma3ForCausalLM",
                    Windowed.PATTERN,
                    Trait.NORM_PLUS_ONE,
                    Trait.SANDWICH_NORMS,
                    Trait.SCALED_EMBEDDING,
                    Trait.QUERY_KEY_NORM),
            new Family(
                    "MixtralForCausalLM",
                    Set.of(Trait.EXPERTS, Trait.NORMED_ROUTING),
                    Windowed.ALL,
                    new ExpertNames(
                            "block_sparse_moe.gate.weight",
                            "block_sparse_moe.experts.",
                            ".w1.weight",
                            ".w3.weight",
                            ".w2.weight")),
            new Family(
                    "Qwen3MoeForCausalLM",
                    Set.of(Trait.EXPERTS, Trait.QUERY_KEY_NORM),
                    Windowed.QWEN,
                    new ExpertNames(
                            "mlp.gate.weight",
                            "mlp.experts.",
                            ".gate_proj.weight",
                            ".up_proj.weight",
                            ".down_proj.weight")));

    private static final Map<String, Family> BY_NAME =
            ALL.stream().collect(Collectors.toMap(Family::architecture, family -> family));

    static Family named(String architecture) {
        Family family = BY_NAME.get(architecture);
        if (family == null) {
            throw new UnsupportedModelException("architecture %s is not supported; supported are %s"
                    .formatted(
                            architecture, ALL.stream().map(Family::architecture).collect(Collectors.joining(", "))));
        }
        return family;
    }

    public boolean has(Trait trait) {
        return traits.contains(trait);
    }

    private static Family of(String architecture, Windowed windowed, Trait... traits) {
        Set<Trait> set = Stream.of(traits).collect(Collectors.toCollection(() -> EnumSet.noneOf(Trait.class)));
        return new Family(architecture, Set.copyOf(set), windowed, ExpertNames.NONE);
    }
}
