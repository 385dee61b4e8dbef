package dev.baton.tokenizer;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * How tokens become text: the {@code decoder} of tokenizer.json, as far as generative models use it.
 *
 * @param byteLevel tokens spell bytes with the 256 printable stand-ins of GPT-2
 * @param replacements done in each token, in order
 * @param byteFallback tokens of the form {@code <0x0A>} are single bytes
 * @param stripAtStart leading spaces taken off the whole text, at most
 * @param dropsMarkInFirst the word mark in the first token is dropped instead of becoming a space
 */
record TokenDecoder(
        boolean byteLevel,
        List<Replacement> replacements,
        boolean byteFallback,
        int stripAtStart,
        boolean dropsMarkInFirst) {

    private static final String SUPPORTED =
            "supported are ByteLevel, Metaspace, and a Sequence of Replace, ByteFallback, Fuse, Strip";

    record Replacement(String pattern, String content) {}

    static TokenDecoder of(JsonNode decoder) {
        List<JsonNode> steps = new ArrayList<>();
        flatten(decoder, steps);
        if (steps.size() == 1 && type(steps.getFirst()).equals("ByteLevel")) {
            return new TokenDecoder(true, List.of(), false, 0, false);
        }
        if (steps.size() == 1 && type(steps.getFirst()).equals("Metaspace")) {
            return metaspace(steps.getFirst());
        }
        return sequence(steps);
    }

    private static void flatten(JsonNode node, List<JsonNode> steps) {
        if (type(node).equals("Sequence")) {
            node.path("decoders").forEach(step -> flatten(step, steps));
        } else {
            steps.add(node);
        }
    }

    private static TokenDecoder metaspace(JsonNode node) {
        String mark = node.path("replacement").asString("\u2581");
        boolean drops = node.has("prepend_scheme")
                ? !node.path("prepend_scheme").asString().equals("never")
                : node.path("add_prefix_space").asBoolean(true);
        return new TokenDecoder(false, List.of(new Replacement(mark, " ")), false, 0, drops);
    }

    private static TokenDecoder sequence(List<JsonNode> steps) {
        List<Replacement> replacements = new ArrayList<>();
        boolean byteFallback = false;
        boolean fused = false;
        int strip = 0;
        for (JsonNode step : steps) {
            switch (type(step)) {
                case "Replace" -> {
                    JsonNode pattern = step.path("pattern").path("String");
                    if (!pattern.isString() || byteFallback || fused) {
                        throw unsupported("a Replace by regular expression, or after ByteFallback");
                    }
                    replacements.add(new Replacement(
                            pattern.asString(), step.path("content").asString("")));
                }
                case "ByteFallback" -> byteFallback = true;
                case "Fuse" -> fused = true;
                case "Strip" -> {
                    if (!fused
                            || step.path("stop").asInt(0) != 0
                            || !step.path("content").asString(" ").equals(" ")) {
                        throw unsupported("a Strip other than of leading spaces after Fuse");
                    }
                    strip += step.path("start").asInt(0);
                }
                default -> throw unsupported("a decoder of type " + type(step));
            }
        }
        return new TokenDecoder(false, replacements, byteFallback, strip, false);
    }

    private static String type(JsonNode node) {
        return node.path("type").asString("none");
    }

    private static IllegalArgumentException unsupported(String what) {
        return new IllegalArgumentException("tokenizer.json has " + what + "; " + SUPPORTED + ".");
    }
}
