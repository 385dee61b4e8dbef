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
    /**
     * @param parameters {@code rope_parameters} or {@code rope_scaling}; may be missing
     * @param theta base
     * @param dims rotated dimensions of a head
     */
    static Rope of(JsonNode parameters, double theta, int dims) {
        String type =
                parameters.path("rope_type").asString(parameters.path("type").asString("default"));
        float[] frequencies = new float[dims / 2];
        float magnitude = 1;
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = 1.0f / (float) StrictMath.pow(theta, (float) (2 * i) / dims);
        }
        switch (type) {
            case "default" -> {}
            case "linear" -> {
                float factor = (float) number(parameters, "factor");
                for (int i = 0; i < frequencies.length; i++) {
                    frequencies[i] /= factor;
                }
            }
            case "llama3" -> stretch(parameters, frequencies);
            case "yarn" -> {
                blend(parameters, theta, frequencies);
                magnitude = yarnMagnitude(parameters);
            }
            // Those left change with the length of the text, and with them every key that is already in the cache.
            default ->
                throw new UnsupportedModelException(
                        "rotary scaling '%s' is not supported; supported are default, linear, llama3, yarn"
                                .formatted(type));
        }
        return new Rope(frequencies, magnitude);
    }

    /** Tokens that the parameters stretch the context to, 0 where they do not say. */
    static double reach(JsonNode parameters) {
        String type =
                parameters.path("rope_type").asString(parameters.path("type").asString("default"));
        return type.equals("yarn")
                ? number(parameters, "factor") * number(parameters, "original_max_position_embeddings")
                : 0;
    }

    /** YaRN: pairs that turn often within the original context are kept, those that turn rarely divided by the factor. */
    private static void blend(JsonNode parameters, double theta, float[] frequencies) {
        double factor = number(parameters, "factor");
        double context = number(parameters, "original_max_position_embeddings");
        boolean whole = parameters.path("truncate").asBoolean(true);
        int dims = 2 * frequencies.length;
        double from = pairTurning(parameters.path("beta_fast").asDouble(32), context, theta, dims);
        double to = pairTurning(parameters.path("beta_slow").asDouble(1), context, theta, dims);
        double low = Math.max(whole ? Math.floor(from) : from, 0);
        double high = Math.min(whole ? Math.ceil(to) : to, dims - 1);
        float width = (float) (low == high ? 0.001 : high - low);
        for (int i = 0; i < frequencies.length; i++) {
            float divided = Math.clamp((i - (float) low) / width, 0f, 1f);
            float wave = (float) StrictMath.pow(theta, (float) (2 * i) / dims);
            frequencies[i] = 1.0f / ((float) factor * wave) * divided + 1.0f / wave * (1 - divided);
        }
    }

    /** The pair, with a fraction, that turns that often within the context. */
    private static double pairTurning(double turns, double context, double theta, int dims) {
        return dims * Math.log(context / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    private static float yarnMagnitude(JsonNode parameters) {
        double factor = number(parameters, "factor");
        double one = parameters.path("mscale").asDouble(0);
        double all = parameters.path("mscale_all_dim").asDouble(0);
        double magnitude = one != 0 && all != 0 ? grown(factor, one) / grown(factor, all) : grown(factor, 1);
        return (float) parameters.path("attention_factor").asDouble(magnitude);
    }

    private static double grown(double factor, double scale) {
        return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
    }

    /** Llama 3.1: long waves are stretched by the factor, short ones kept, those between blended. */
    private static void stretch(JsonNode parameters, float[] frequencies) {
        float factor = (float) number(parameters, "factor");
        float low = (float) number(parameters, "low_freq_factor");
        float high = (float) number(parameters, "high_freq_factor");
        float context = (float) number(parameters, "original_max_position_embeddings");
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
}
