package dev.baton.engine.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Rotary position: the angle of dimension pair i at position p is p * frequency[i], in f32 as the reference has it.
 *
 * @param frequencies one per pair, half of the rotated dimensions
 */
record Rope(float[] frequencies) {
    /**
     * @param parameters {@code rope_parameters} or {@code rope_scaling}; may be missing
     * @param theta base
     * @param dims rotated dimensions of a head
     */
    static Rope of(JsonNode parameters, double theta, int dims) {
        String type =
                parameters.path("rope_type").asString(parameters.path("type").asString("default"));
        float[] frequencies = new float[dims / 2];
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
            default ->
                throw new UnsupportedModelException(
                        "rotary scaling '%s' is not supported; supported are default, linear, llama3".formatted(type));
        }
        return new Rope(frequencies);
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
        return other instanceof Rope rope && Arrays.equals(frequencies, rope.frequencies);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(frequencies);
    }

    private static double number(JsonNode parameters, String name) {
        JsonNode value = parameters.path(name);
        if (!value.isNumber()) {
            throw new UnsupportedModelException("config.json: rotary scaling lacks " + name);
        }
        return value.asDouble();
    }

    /** Cosines, then sines, of positions [0, length), f32 [2][length][pairs]. */
    MemorySegment table(Arena arena, int length) {
        MemorySegment table = arena.allocate(2L * length * frequencies.length * 4, 64);
        long at = 0;
        long sines = (long) length * frequencies.length;
        for (int position = 0; position < length; position++) {
            for (float frequency : frequencies) {
                double angle = position * frequency;
                table.setAtIndex(JAVA_FLOAT, at, (float) StrictMath.cos(angle));
                table.setAtIndex(JAVA_FLOAT, sines + at, (float) StrictMath.sin(angle));
                at++;
            }
        }
        return table;
    }
}
