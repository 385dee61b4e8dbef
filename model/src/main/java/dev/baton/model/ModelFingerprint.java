package dev.baton.model;

import dev.baton.kernel.Attention;
import dev.baton.kernel.Kernels.Activation;
import dev.baton.kv.KvDtype;
import dev.baton.model.Family.Trait;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * All that bears on the bits of a model's KV and logits, and on where its answers end, as lines of {@code name: value} in
 * words of its own, and a number made of them: the model's fingerprint.
 *
 * <p>The words are written here and taken from no name in the code, so that a field or a constant can be renamed and an
 * enum reordered without a change. What does not bear on bits is not here: the model's name, threads, instruction sets, the
 * longest sequence (but for what it does to rotation), speculation, and what {@code config.json} says for others to read.
 * Code that makes other bits of the same lines raises the number of its path. Nothing here is formatted by locale.
 */
public final class ModelFingerprint {
    /** Of this text. */
    private static final int VERSION = 1;

    private final TreeMap<String, String> lines = new TreeMap<>();

    /**
     * @param path the code that computes and its number, such as {@code cpu 4}
     * @param weights digest of the tensors
     * @param blockTokens tokens of a block: attention is folded block by block
     * @param stopTokens ids that end an answer
     */
    public ModelFingerprint(
            String path,
            ModelConfig config,
            String weights,
            Precision precision,
            int blockTokens,
            Collection<Integer> stopTokens) {
        put("path", path);
        put("weights", weights);
        put("weights held", held(precision.weights()));
        put("f32 kept", precision.dtype() == DtypeChoice.F32);
        put("kv", kv(precision.kv()));
        put("attention", "tiles of " + blockTokens + " in spans of " + Attention.SPAN);
        put("stop tokens", joined(stopTokens.stream().sorted().toList()));
        describe(config);
    }

    private void describe(ModelConfig config) {
        put("architecture", config.family.architecture());
        put("layer", layer(config.family));
        put("layers", config.layers);
        put("windows", joined(config.windows()));
        put("hidden", config.hidden);
        put("heads", config.heads + " over " + config.kvHeads + " of " + config.headDim);
        put("intermediate", config.intermediate);
        put("vocabulary", config.vocab);
        put("last layer", config.tied ? "embedding" : "own");
        put("embedding scale", config.embeddingScale());
        put("epsilon", config.epsilon);
        put("activation", activation(config.activation));
        put("attention scale", config.scale);
        put("attention softcap", config.attentionSoftcap);
        put("logit softcap", config.logitSoftcap);
        put("rotated", config.rotated);
        put("rotation", rotation(config.ropeFor(false)));
        put("rotation sliding", rotation(config.ropeFor(true)));
        if (config.family.has(Trait.EXPERTS)) {
            ModelConfig.Routing routing = config.routing;
            put(
                    "experts",
                    routing.chosen() + " of " + routing.experts() + ", " + routing.width() + " wide, "
                            + (routing.normed() ? "adding up to 1" : "as routed"));
        }
    }

    /** Adds what bears on bits of one path alone. */
    public ModelFingerprint with(String name, String value) {
        put(name, value);
        return this;
    }

    private void put(String name, int value) {
        put(name, Integer.toString(value));
    }

    private void put(String name, boolean value) {
        put(name, value ? "yes" : "no");
    }

    private void put(String name, float value) {
        put(name, Float.toHexString(value));
    }

    private void put(String name, String value) {
        if (name.contains(":") || value.contains("\n")) {
            throw new IllegalArgumentException("not one line: " + name + ": " + value);
        }
        if (lines.put(name, value) != null) {
            throw new IllegalArgumentException("said twice: " + name);
        }
    }

    /** The lines, by name. */
    public String text() {
        StringBuilder text =
                new StringBuilder("baton model fingerprint ").append(VERSION).append('\n');
        lines.forEach(
                (name, value) -> text.append(name).append(": ").append(value).append('\n'));
        return text.toString();
    }

    /** The first 64 bits of the text's SHA-256; never 0, which stands for no fingerprint. */
    public long value() {
        long value = ByteBuffer.wrap(sha256(text())).getLong();
        return value == 0 ? 1 : value;
    }

    static String hex(String text) {
        return HexFormat.of().formatHex(sha256(text));
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static String joined(Collection<Integer> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
    }

    /** Its frequencies, up to 128 of them, as a digest. */
    private static String rotation(Rope rope) {
        String frequencies = IntStream.range(0, rope.frequencies().length)
                .mapToObj(pair -> Float.toHexString(rope.frequencies()[pair]))
                .collect(Collectors.joining(" "));
        return Float.toHexString(rope.magnitude()) + " " + hex(frequencies);
    }

    private static String layer(Family family) {
        return family.traits().isEmpty()
                ? "plain"
                : family.traits().stream().map(ModelFingerprint::trait).sorted().collect(Collectors.joining(", "));
    }

    private static String held(WeightChoice weights) {
        return switch (weights) {
            case STORED -> "as stored";
            case BF16 -> "bf16";
            case INT8 -> "int8";
            case W8A8 -> "int8 times int8";
            case INT4 -> "int4";
        };
    }

    private static String kv(KvDtype dtype) {
        return switch (dtype) {
            case BF16 -> "bf16";
            case F16 -> "f16";
            case F32 -> "f32";
            case I8 -> "int8";
        };
    }

    private static String activation(Activation activation) {
        return switch (activation) {
            case SILU -> "silu";
            case GELU_TANH -> "gelu by tanh";
        };
    }

    private static String trait(Trait trait) {
        return switch (trait) {
            case FUSED_QKV -> "query, key and value in one";
            case FUSED_GATE_UP -> "gate and up in one";
            case QUERY_KEY_NORM -> "query and key normed";
            case NORM_PLUS_ONE -> "norms plus one";
            case SANDWICH_NORMS -> "norms before and after";
            case SCALED_EMBEDDING -> "embedding scaled";
            case EXPERTS -> "experts";
            case NORMED_ROUTING -> "routing normed";
        };
    }
}
