package dev.baton.model;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.kernel.Kernels.Activation;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.LayerGroup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** {@code config.json} as this engine understands it; what it does not understand it refuses. */
public final class ModelConfig {
    private static final int MAX_LAYERS = 4096;
    private static final int MAX_CONTEXT = 1 << 24;
    private static final JsonNode NOTHING = MissingNode.getInstance();

    private final JsonNode root;
    public final Family family;
    public final int hidden;
    public final int layers;
    public final int heads;
    public final int kvHeads;
    public final int headDim;
    final int intermediate;
    public final int vocab;
    /** Longest sequence: what the model reaches, or what is served of it. */
    public final int maxContext;

    private final int trained;
    public final float epsilon;
    final boolean tied;
    public final Activation activation;
    public final float scale;
    public final float attentionSoftcap;
    public final float logitSoftcap;
    public final int rotated;
    public final Routing routing;

    /** Experts in all, chosen per token, their width, and whether the chosen weights are made to add up to one. */
    public record Routing(int experts, int chosen, int width, boolean normed) {}

    private ModelConfig(JsonNode root, int served) {
        this.root = root;
        checkQuantisation();
        family = Family.named(root.path("architectures").path(0).asString("(none)"));
        hidden = positive("hidden_size");
        layers = positive("num_hidden_layers");
        heads = positive("num_attention_heads");
        kvHeads = optional("num_key_value_heads", heads);
        headDim = optional("head_dim", hidden / heads);
        vocab = positive("vocab_size");
        intermediate = positive("intermediate_size");
        epsilon = (float) number("rms_norm_eps", 1e-6);
        tied = root.path("tie_word_embeddings").asBoolean(family.has(Family.Trait.SCALED_EMBEDDING));
        activation = activation();
        scale = (float) (1 / Math.sqrt(number("query_pre_attn_scalar", headDim)));
        attentionSoftcap = (float) number("attn_logit_softcapping", 0);
        logitSoftcap = (float) number("final_logit_softcapping", 0);
        JsonNode rope = rope(false);
        trained = optional("max_position_embeddings", 2048);
        int reach = (int) Math.max(trained, Rope.reach(rope, trained));
        maxContext = served > 0 ? Math.min(served, reach) : reach;
        double partial = Rope.number(rope, "partial_rotary_factor", number("partial_rotary_factor", 1));
        rotated = (int) (headDim * partial) & ~1;
        if (layers > MAX_LAYERS || maxContext > MAX_CONTEXT || rotated < 2 || rotated > headDim) {
            throw new UnsupportedModelException(
                    "config.json: %d layers (at most %d), a context of %d (at most %d) and %d rotated of %d dimensions make no sense"
                            .formatted(layers, MAX_LAYERS, maxContext, MAX_CONTEXT, rotated, headDim));
        }
        routing = new Routing(
                optional("num_experts", optional("num_local_experts", 0)),
                optional("num_experts_per_tok", 0),
                optional("moe_intermediate_size", intermediate),
                family.has(Family.Trait.NORMED_ROUTING)
                        || root.path("norm_topk_prob").asBoolean(false));
        if (heads % kvHeads != 0) {
            throw new UnsupportedModelException(
                    "config.json: %d attention heads are no multiple of %d KV heads".formatted(heads, kvHeads));
        }
        if (family.has(Family.Trait.EXPERTS)
                && (routing.experts < 1 || routing.chosen < 1 || routing.chosen > routing.experts)) {
            throw new UnsupportedModelException("config.json: experts %s make no sense".formatted(routing));
        }
    }

    private void checkQuantisation() {
        JsonNode quantised = root.path("quantization_config");
        if (!quantised.isMissingNode() && !quantised.isNull()) {
            Quantisation.of(quantised);
        }
    }

    /** @param served longest sequence that is served, 0 for the model's own */
    public static ModelConfig read(ModelFiles files, int served) throws IOException {
        JsonNode root = files.requiredConfig();
        try {
            ModelConfig config = new ModelConfig(root, served);
            config.windows();
            config.ropeFor(true);
            config.ropeFor(false);
            return config;
        } catch (JacksonException e) {
            throw new UnsupportedModelException("config.json: " + e.getOriginalMessage());
        }
    }

    /** Window of each layer, 0 for none. */
    public List<Integer> windows() {
        int window = root.path("sliding_window").asInt(0);
        if (window < 0) {
            throw new UnsupportedModelException("config.json: a sliding_window of " + window);
        }
        JsonNode types = root.path("layer_types");
        List<Integer> windows = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            boolean slides;
            if (types.isArray() && types.size() == layers) {
                slides = switch (types.path(layer).asString("")) {
                    case "sliding_attention" -> true;
                    case "full_attention" -> false;
                    default ->
                        throw new UnsupportedModelException(
                                "config.json: layer type %s is not supported".formatted(types.path(layer)));
                };
            } else {
                slides = switch (family.windowed()) {
                    case NONE -> false;
                    case ALL -> true;
                    case QWEN ->
                        root.path("use_sliding_window").asBoolean(false)
                                && layer >= root.path("max_window_layers").asInt(layers);
                    case ALTERNATE -> layer % 2 == 0;
                    case PATTERN ->
                        (layer + 1)
                                        % Math.max(
                                                1,
                                                root.path("sliding_window_pattern")
                                                        .asInt(6))
                                != 0;
                };
            }
            windows.add(slides && family.windowed() != Family.Windowed.NONE ? window : 0);
        }
        return windows;
    }

    /** Layout of the cache: neighbouring layers with one window are a group. */
    public KvLayout layout(int blockTokens, KvDtype dtype, int blocks) {
        List<Integer> windows = windows();
        List<LayerGroup> groups = new ArrayList<>();
        int first = 0;
        for (int i = 1; i <= layers; i++) {
            if (i == layers || !windows.get(i).equals(windows.get(first))) {
                groups.add(new LayerGroup(first, i - first, kvHeads, headDim, headDim, windows.get(first)));
                first = i;
            }
        }
        return new KvLayout(groups, blockTokens, dtype, false, blocks, 0, 1);
    }

    /** What embeddings are multiplied by. */
    public float embeddingScale() {
        return family.has(Family.Trait.SCALED_EMBEDDING) ? (float) Math.sqrt(hidden) : 1;
    }

    /** Rotation of layers that see everything, or of those that slide where the family tells them apart. */
    public Rope ropeFor(boolean sliding) {
        JsonNode parameters = rope(sliding);
        boolean local = sliding && root.path("rope_local_base_freq").isNumber();
        double theta =
                Rope.number(parameters, "rope_theta", number(local ? "rope_local_base_freq" : "rope_theta", 10000));
        return Rope.of(
                local ? NOTHING : parameters,
                theta,
                rotated,
                new Rope.Context(trained, (int) number("original_max_position_embeddings", 0), maxContext));
    }

    private JsonNode rope(boolean sliding) {
        JsonNode parameters = root.path("rope_parameters");
        if (!parameters.isObject()) {
            parameters = root.path("rope_scaling");
        }
        JsonNode byType = parameters.path(sliding ? "sliding_attention" : "full_attention");
        if (byType.isObject()) {
            return byType;
        }
        return parameters.isObject() ? parameters : NOTHING;
    }

    /**
     * End-of-sequence ids: those of {@code generation_config.json} where it has any.
     *
     * @throws UnsupportedModelException when one is beyond the vocabulary
     */
    public Set<Integer> stopTokens(ModelFiles files) throws IOException {
        Set<Integer> stops = new LinkedHashSet<>();
        addIds(files.generationConfig().path("eos_token_id"), stops);
        if (stops.isEmpty()) {
            addIds(root.path("eos_token_id"), stops);
        }
        for (int id : stops) {
            if (id < 0 || id >= vocab) {
                throw new UnsupportedModelException(
                        "eos_token_id %d is beyond the vocabulary of %d: correct generation_config.json or config.json"
                                .formatted(id, vocab));
            }
        }
        return Set.copyOf(stops);
    }

    private static void addIds(JsonNode node, Set<Integer> stops) {
        if (node.isArray()) {
            node.forEach(id -> addIds(id, stops));
        } else if (node.isInt()) {
            stops.add(node.asInt());
        }
    }

    private Activation activation() {
        String name =
                root.path("hidden_activation").asString(root.path("hidden_act").asString("silu"));
        return switch (name) {
            case "silu", "swish" -> Activation.SILU;
            case "gelu_pytorch_tanh", "gelu_new" -> Activation.GELU_TANH;
            default ->
                throw new UnsupportedModelException(
                        "activation '%s' is not supported; supported are silu, gelu_pytorch_tanh".formatted(name));
        };
    }

    private int positive(String name) {
        int value = root.path(name).asInt(0);
        if (value < 1) {
            throw new UnsupportedModelException("config.json: %s is missing or not positive".formatted(name));
        }
        return value;
    }

    private double number(String name, double otherwise) {
        return Rope.number(root, name, otherwise);
    }

    private int optional(String name, int otherwise) {
        JsonNode value = root.path(name);
        return value.isInt() ? positive(name) : otherwise;
    }
}
