package dev.baton.model;

import java.util.Locale;
import tools.jackson.databind.JsonNode;

/**
 * How a folder's weights are quantised, as its {@code config.json} says.
 *
 * @param groupSize inputs that share a scale and a zero
 * @param zeroPlus what is added to a stored zero
 */
record Quantisation(Method method, int groupSize, int zeroPlus) {
    private static final int BITS = 4;

    /** Which way words are packed. */
    enum Method {
        /** Eight inputs of one output in a word. */
        GPTQ,
        /** Eight outputs of one input in a word, even ones first. */
        AWQ
    }

    Quantisation {
        if (groupSize < 32 || groupSize % 32 != 0) {
            throw new UnsupportedModelException(
                    "config.json: quantization_config.group_size %d is not supported; supported are multiples of 32"
                            .formatted(groupSize));
        }
    }

    /**
     * Reads {@code quantization_config}.
     *
     * @param config that document, an object
     * @throws UnsupportedModelException naming what is not read
     */
    static Quantisation of(JsonNode config) {
        String name = config.path("quant_method").asString("(no quant_method)");
        Method method = switch (name.toLowerCase(Locale.ROOT)) {
            case "gptq" -> Method.GPTQ;
            case "awq" -> Method.AWQ;
            default ->
                throw new UnsupportedModelException(
                        "config.json: weights quantised by %.40s are not supported; supported are gptq and awq with 4 bits, and bf16, f16 and f32, which can be rounded at load"
                                .formatted(name));
        };
        int bits = config.path("bits").asInt(0);
        if (bits != BITS) {
            throw refused(name, "bits", bits);
        }
        if (method == Method.AWQ) {
            String version = config.path("version").asString("gemm").toLowerCase(Locale.ROOT);
            if (!version.equals("gemm")) {
                throw refused(name, "version", version);
            }
            return new Quantisation(method, config.path("group_size").asInt(0), 0);
        }
        if (config.path("desc_act").asBoolean(false)) {
            throw refused(name, "desc_act", true);
        }
        String format = config.path("checkpoint_format").asString("gptq");
        return switch (format) {
            case "gptq" -> new Quantisation(method, config.path("group_size").asInt(0), 1);
            case "gptq_v2" -> new Quantisation(method, config.path("group_size").asInt(0), 0);
            default -> throw refused(name, "checkpoint_format", format);
        };
    }

    private static UnsupportedModelException refused(String method, String field, Object value) {
        return new UnsupportedModelException(
                "config.json: weights quantised by %s with %s %.40s are not supported; supported are 4 bits, for gptq without desc_act in the formats gptq and gptq_v2, for awq in the version gemm"
                        .formatted(method, field, value));
    }
}
