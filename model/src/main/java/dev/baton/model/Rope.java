package dev.baton.model;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Rotary position: the angle of dimension pair i at position p is p * frequency[i], in f32 as the reference has it.
 *
 * @param frequencies one per pair, half of the rotated dimensions
 * @param magnitude what cosine and sine are multiplied by
 */
public record Rope(float[] frequencies, float magnitude) {
    private static final String ORIGINAL = "original_max_position_embeddings";

    /**
     * How long a text may be.
     *
     * @param trained {@code max_position_embeddings}
     * @param original what the model knew before it was stretched, where the configuration says so; else 0
     * @param served longest sequence that is served
     */
    record Context(int trained, int original, int served) {
        private double original(JsonNode parameters) {
            return number(parameters, ORIGINAL, original > 0 ? original : trained);
        }
    }

    /**
     * @param parameters {@code rope_parameters} or {@code rope_scaling}; may be missing
     * @param theta base
     * @param dims rotated dimensions of a head
     */
    static Rope of(JsonNode parameters, double theta, int dims, Context context) {
        String type = type(parameters);
        float[] frequencies = new float[dims / 2];
        float magnitude = 1;
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = 1.0f / (float) StrictMath.pow(theta, (float) (2 * i) / dims);
        }
        switch (type) {
            // Dynamic scaling begins beyond the context that the model was trained for, which is never served.
            case "default", "dynamic" -> {}
            case "linear" -> {
                float factor = (float) number(parameters, "factor");
                for (int i = 0; i < frequencies.length; i++) {
                    frequencies[i] /= factor;
                }
            }
            case "llama3" -> stretch(parameters, frequencies);
            case "longrope" -> {
                divide(parameters, theta, frequencies, context);
                magnitude = longMagnitude(parameters, context);
            }
            case "yarn" -> {
                double original = context.original(parameters);
                double factor = number(parameters, "factor", context.trained / original);
                blend(parameters, theta, frequencies, new Stretch(factor, original));
                magnitude = yarnMagnitude(parameters, factor);
            }
            default ->
                throw new UnsupportedModelException(
                        "rotary scaling '%s' is not supported; supported are default, linear, dynamic, llama3, yarn, longrope"
                                .formatted(type));
        }
        return new Rope(frequencies, magnitude);
    }

    private static String type(JsonNode parameters) {
        JsonNode type = parameters.path("rope_type");
        String name = (type.isString() ? type : parameters.path("type")).asString("default");
        // Names that LongRoPE had before it had this one.
        return name.equals("su") || name.equals("yarn") && parameters.has("long_factor") ? "longrope" : name;
    }

    /** Tokens that the parameters stretch the context to, 0 where they do not say. */
    static double reach(JsonNode parameters, int trained) {
        return type(parameters).equals("yarn")
                ? number(parameters, "factor", 1) * number(parameters, ORIGINAL, trained)
                : 0;
    }

    /** LongRoPE: each pair has a factor for texts within the original context, and one for longer ones. */
    private static void divide(JsonNode parameters, double theta, float[] frequencies, Context context) {
        String which = context.served > context.original(parameters) ? "long_factor" : "short_factor";
        JsonNode factors = parameters.path(which);
        if (factors.size() != frequencies.length || !factors.valueStream().allMatch(JsonNode::isNumber)) {
            throw new UnsupportedModelException("config.json: rotary scaling has %d numbers as %s, for %d pairs"
                    .formatted(factors.size(), which, frequencies.length));
        }
        for (int i = 0; i < frequencies.length; i++) {
            float wave = (float) StrictMath.pow(theta, (float) i / frequencies.length);
            frequencies[i] = 1.0f / ((float) factors.path(i).asDouble() * wave);
        }
    }

    private static float longMagnitude(JsonNode parameters, Context context) {
        double original = context.original(parameters);
        double factor = number(parameters, "factor", context.trained / original);
        return (float) number(
                parameters, "attention_factor", factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original)));
    }

    /** How much longer a context became, and from what. */
    private record Stretch(double factor, double original) {}

    /** YaRN: pairs that turn often within the original context are kept, those that turn rarely divided by the factor. */
    private static void blend(JsonNode parameters, double theta, float[] frequencies, Stretch stretch) {
        boolean whole = parameters.path("truncate").asBoolean(true);
        int dims = 2 * frequencies.length;
        double from = pairTurning(number(parameters, "beta_fast", 32), stretch.original, theta, dims);
        double to = pairTurning(number(parameters, "beta_slow", 1), stretch.original, theta, dims);
        double low = Math.max(whole ? Math.floor(from) : from, 0);
        double high = Math.min(whole ? Math.ceil(to) : to, dims - 1);
        float width = (float) (low == high ? 0.001 : high - low);
        for (int i = 0; i < frequencies.length; i++) {
            float divided = Math.clamp((i - (float) low) / width, 0f, 1f);
            float wave = (float) StrictMath.pow(theta, (float) (2 * i) / dims);
            frequencies[i] = 1.0f / ((float) stretch.factor * wave) * divided + 1.0f / wave * (1 - divided);
        }
    }

    /** The pair, with a fraction, that turns that often within the context. */
    private static double pairTurning(double turns, double context, double theta, int dims) {
        return dims * Math.log(context / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    private static float yarnMagnitude(JsonNode parameters, double factor) {
        double one = number(parameters, "mscale", 0);
        double all = number(parameters, "mscale_all_dim", 0);
        double magnitude = one != 0 && all != 0 ? grown(factor, one) / grown(factor, all) : grown(factor, 1);
        return (float) number(parameters, "attention_factor", magnitude);
    }

    private static double grown(double factor, double scale) {
        return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
    }

    /** Llama 3.1: long waves are stretched by the factor, short ones kept, those between blended. */
    private static void stretch(JsonNode parameters, float[] frequencies) {
        float factor = (float) number(parameters, "factor");
        float low = (float) number(parameters, "low_freq_factor");
        float high = (float) number(parameters, "high_freq_factor");
        float context = (float) number(parameters, ORIGINAL);
        for (int i = 0; i < frequencies.length; i++) {
            float frequency = frequencies[i];
            float wave = (float) (2 * Math.PI) / frequency;
            if (wave > context / low) {
                frequencies[i] = frequency / factor;
            } else if (wave >= context / high) {
                float smooth = (context / wave - low) / (high - low);
                frequencies[i] = (1 - smooth) * frequency / factor + smooth * frequency;
            }
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Rope rope
                && magnitude == rope.magnitude
                && Arrays.equals(frequencies, rope.frequencies);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(frequencies) + Float.hashCode(magnitude);
    }

    private static double number(JsonNode parameters, String name) {
        JsonNode value = parameters.path(name);
        if (!value.isNumber()) {
            throw new UnsupportedModelException("config.json: rotary scaling lacks " + name);
        }
        return value.asDouble();
    }

    /** The number of that name; {@code otherwise} where there is none, or null. */
    static double number(JsonNode parameters, String name, double otherwise) {
        JsonNode value = parameters.path(name);
        return value.isNumber() ? value.asDouble() : otherwise;
    }
}
