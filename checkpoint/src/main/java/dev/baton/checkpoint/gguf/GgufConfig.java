package dev.baton.checkpoint.gguf;

import java.io.IOException;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The {@code config.json} of the folder that a file was made from, as far as the file tells it. */
final class GgufConfig {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int GEMMA2_WINDOW = 4096;
    private static final int GEMMA2_PERIOD = 2;
    private static final int GEMMA3_PERIOD = 6;
    private static final int GEMMA2_27B_LAYERS = 46;
    private static final int GEMMA3_27B_LAYERS = 62;
    private static final double ATTENTION_SOFTCAP = 50;
    private static final double LOGIT_SOFTCAP = 30;

    private final GgufFile file;
    private final GgufMetadata metadata;
    private final Architecture architecture;
    private final ObjectNode config = JSON.objectNode();

    private GgufConfig(GgufFile file) throws IOException {
        this.file = file;
        this.metadata = file.metadata();
        this.architecture = Architecture.of(metadata);
    }

    /** @throws IOException when the architecture is not supported, or the file lacks what a model needs */
    static ObjectNode json(GgufFile file) throws IOException {
        GgufConfig config = new GgufConfig(file);
        config.refuseParts();
        config.sizes();
        config.attention();
        config.rope();
        return config.config;
    }

    private void refuseParts() throws IOException {
        long parts = metadata.whole("split.count").orElse(1);
        if (parts > 1) {
            throw unsupported("it is one part of %d: GGUF in parts is not read".formatted(parts));
        }
        if (whole("expert_count").orElse(0) > 0) {
            throw unsupported("mixtures of experts are not supported as GGUF");
        }
    }

    private void sizes() throws IOException {
        GgufTensor embedding = file.tensors().get("token_embd.weight");
        if (embedding == null || embedding.shape().length != 2) {
            throw GgufFile.broken(metadata.file(), "it has no matrix token_embd.weight");
        }
        config.putArray("architectures").add(architecture.inFolders());
        count("vocab_size", embedding.rows());
        count("hidden_size", required("embedding_length"));
        count("num_hidden_layers", required("block_count"));
        count("intermediate_size", required("feed_forward_length"));
        count("max_position_embeddings", required("context_length"));
        config.put("rms_norm_eps", number("attention.layer_norm_rms_epsilon").orElse(1e-6));
        config.put("hidden_act", architecture.gemma() ? "gelu_pytorch_tanh" : "silu");
        config.put("tie_word_embeddings", !file.tensors().containsKey("output.weight"));
    }

    private void attention() throws IOException {
        long heads = required("attention.head_count");
        long width = headWidth(heads);
        count("num_attention_heads", heads);
        count("num_key_value_heads", whole("attention.head_count_kv").orElse(heads));
        count("head_dim", width);
        if (whole("attention.value_length").orElse(width) != width) {
            throw unsupported("values and keys of other widths are not supported");
        }
        if (number("attention.scale").isPresent()) {
            throw unsupported("a scale of attention of its own is not supported");
        }
        if (architecture == Architecture.GEMMA2) {
            config.put(
                    "attn_logit_softcapping", number("attn_logit_softcapping").orElse(ATTENTION_SOFTCAP));
            config.put(
                    "final_logit_softcapping", number("final_logit_softcapping").orElse(LOGIT_SOFTCAP));
            windows(whole("attention.sliding_window").orElse(GEMMA2_WINDOW), GEMMA2_PERIOD);
        } else if (architecture == Architecture.GEMMA3) {
            config.put(
                    "final_logit_softcapping", number("final_logit_softcapping").orElse(0));
            windows(whole("attention.sliding_window").orElse(0), GEMMA3_PERIOD);
        } else {
            long window = whole("attention.sliding_window").orElse(0);
            count("sliding_window", window);
            if (architecture == Architecture.LLAMA && window > 0) {
                config.putArray("architectures").add("MistralForCausalLM");
            }
        }
        if (architecture.gemma()) {
            // The largest of both families, which nothing but its layers tells apart, scales by the width of a share.
            long layers = required("block_count");
            boolean largest = layers == (architecture == Architecture.GEMMA2 ? GEMMA2_27B_LAYERS : GEMMA3_27B_LAYERS);
            count("query_pre_attn_scalar", largest ? required("embedding_length") / heads : width);
        }
    }

    private void count(String name, long value) throws IOException {
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw GgufFile.broken(metadata.file(), "%s is %d".formatted(name, value));
        }
        config.put(name, (int) value);
    }

    private long headWidth(long heads) throws IOException {
        if (heads < 1) {
            throw GgufFile.broken(metadata.file(), "it has %d attention heads".formatted(heads));
        }
        return whole("attention.key_length").orElse(required("embedding_length") / heads);
    }

    /** All layers but every {@code period}-th slide, unless the file lists them. */
    private void windows(long window, int period) throws IOException {
        count("sliding_window", window);
        String key = architecture.key("attention.sliding_window_pattern");
        long layers = required("block_count");
        ArrayNode types = config.putArray("layer_types");
        double[] listed = {};
        long every = period;
        if (metadata.has(key)) {
            OptionalLong one = metadata.holdsNumbers(key) ? OptionalLong.empty() : metadata.whole(key);
            every = one.orElse(period);
            listed = one.isPresent() ? listed : metadata.numbers(key).orElse(listed);
        }
        if (every < 1 || layers > 1 << 16) {
            throw GgufFile.broken(metadata.file(), "%s is %d".formatted(key, every));
        }
        for (int layer = 0; layer < layers; layer++) {
            boolean slides = listed.length == layers ? listed[layer] != 0 : (layer + 1) % every != 0;
            types.add(window > 0 && slides ? "sliding_attention" : "full_attention");
        }
    }

    private void rope() throws IOException {
        config.put("rope_theta", number("rope.freq_base").orElse(architecture == Architecture.GEMMA3 ? 1e6 : 1e4));
        if (architecture == Architecture.GEMMA3) {
            config.put("rope_local_base_freq", number("rope.freq_base_swa").orElse(1e4));
        }
        double width = config.path("head_dim").asDouble();
        OptionalLong rotated = whole("rope.dimension_count");
        if (rotated.isPresent() && rotated.getAsLong() != width) {
            // Readers cut the product with the width to a whole number: it must not fall just below it.
            config.put("partial_rotary_factor", Math.nextUp(rotated.getAsLong() / width));
        }
        scaling();
    }

    private void scaling() throws IOException {
        float[] always = file.factors("rope_freqs.weight");
        float[] shorter = file.factors("rope_factors_short.weight");
        float[] longer = file.factors("rope_factors_long.weight");
        String type = metadata.text(architecture.key("rope.scaling.type")).orElse("");
        ObjectNode scaling = JSON.objectNode();
        if (always.length > 0) {
            // Llama 3's scaling, worked out: factors that divide the frequencies, whatever the context.
            refuseBoth(type, "rope_freqs.weight");
            longRope(scaling, always, always);
            scaling.put("attention_factor", 1.0);
        } else if (longer.length > 0 || shorter.length > 0) {
            longRope(scaling, shorter.length == 0 ? longer : shorter, longer.length == 0 ? shorter : longer);
            number("rope.scaling.attn_factor").ifPresent(factor -> scaling.put("attention_factor", factor));
        } else if (type.equals("yarn")) {
            yarn(scaling);
        } else if (type.equals("linear") || (factor().isPresent() && type.isEmpty())) {
            scaling.put("rope_type", "linear");
            scaling.put("factor", factor().orElse(1));
        } else if (!type.isEmpty() && !type.equals("none")) {
            throw unsupported("rotary scaling %.100s without its factors is not supported".formatted(type));
        }
        if (!scaling.isEmpty()) {
            OptionalLong original = originalContext();
            if (original.isPresent()) {
                scaling.put("original_max_position_embeddings", original.getAsLong());
            }
            config.set("rope_scaling", scaling);
        }
    }

    private void refuseBoth(String type, String tensor) throws IOException {
        if (!type.isEmpty() && !type.equals("none")) {
            throw unsupported("rotary scaling %.100s beside %s is not supported".formatted(type, tensor));
        }
    }

    private static void longRope(ObjectNode scaling, float[] shorter, float[] longer) {
        scaling.put("rope_type", "longrope");
        ArrayNode shortFactors = scaling.putArray("short_factor");
        for (float factor : shorter) {
            shortFactors.add(factor);
        }
        ArrayNode longFactors = scaling.putArray("long_factor");
        for (float factor : longer) {
            longFactors.add(factor);
        }
    }

    private void yarn(ObjectNode scaling) throws IOException {
        scaling.put("rope_type", "yarn");
        scaling.put("factor", factor().orElse(1));
        number("rope.scaling.yarn_beta_fast").ifPresent(beta -> scaling.put("beta_fast", beta));
        number("rope.scaling.yarn_beta_slow").ifPresent(beta -> scaling.put("beta_slow", beta));
        number("rope.scaling.yarn_attn_factor").ifPresent(factor -> scaling.put("attention_factor", factor));
        double log = number("rope.scaling.yarn_log_multiplier").orElse(0);
        if (log != 0) {
            scaling.put("mscale", 1.0).put("mscale_all_dim", log);
        }
    }

    private OptionalDouble factor() throws IOException {
        OptionalDouble factor = number("rope.scaling.factor");
        return factor.isPresent() ? factor : number("rope.scale_linear");
    }

    private OptionalLong originalContext() throws IOException {
        return whole("rope.scaling.original_context_length");
    }

    private long required(String key) throws IOException {
        return whole(key).orElseThrow(() -> GgufFile.broken(metadata.file(), "it has no " + architecture.key(key)));
    }

    private OptionalLong whole(String key) throws IOException {
        return metadata.sameInAllLayers(architecture.key(key));
    }

    private OptionalDouble number(String key) throws IOException {
        return metadata.number(architecture.key(key));
    }

    private IOException unsupported(String what) {
        return new IOException("%s: %s".formatted(metadata.file(), what));
    }
}
