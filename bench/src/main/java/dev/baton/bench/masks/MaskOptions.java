package dev.baton.bench.masks;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * What is measured.
 *
 * @param model whose vocabulary is used, and whose decode step is the measure
 * @param draws answers that each structure is measured on
 * @param answers to random schemas, which are drawn and checked instead; 0 for none
 * @param seed of the first answer
 * @param maxTokens of an answer
 */
record MaskOptions(
        Path model, int draws, int answers, long seed, double temperature, int maxTokens, int threads, boolean help) {
    static final String HELP = """
            baton bench masks [--model FOLDER] [--draws 40] [--threads 2]
                What structures cost over a model's vocabulary (default: the demo model's), beside its decode step of 8 sequences.
            baton bench masks --answers 10000 [--temperature 1.5] [--seed 0] [--max-tokens 4096]
                Draws an answer to each of so many random schemas from random logits, and checks all of them; status 1 when one
                is invalid.
            """;

    static MaskOptions parse(Path home, String... arguments) {
        Map<String, String> given = new HashMap<>();
        for (int i = 0; i < arguments.length; i++) {
            boolean alone = i + 1 == arguments.length || arguments[i + 1].startsWith("--");
            given.put(arguments[i], alone ? "" : arguments[++i]);
        }
        String model = given.remove("--model");
        MaskOptions options = new MaskOptions(
                model == null ? home.resolve("models").resolve("demo") : Path.of(model),
                (int) number(given, "--draws", 40, 1, 10_000),
                (int) number(given, "--answers", 0, 0, 1_000_000),
                (long) number(given, "--seed", 0, 0, 1_000_000_000),
                number(given, "--temperature", 1.5, 0, 2),
                (int) number(given, "--max-tokens", 4_096, 1, 1_000_000),
                (int) number(given, "--threads", 2, 1, 256),
                given.remove("--help") != null);
        if (!given.isEmpty()) {
            throw new IllegalArgumentException(
                    "unknown: " + String.join(", ", given.keySet()) + "; --help says what is known");
        }
        return options;
    }

    private static double number(
            Map<String, String> given, String option, double otherwise, double least, double most) {
        String text = given.remove(option);
        if (text == null) {
            return otherwise;
        }
        if (!text.matches("[0-9]{1,9}(\\.[0-9]{1,3})?")
                || Double.parseDouble(text) < least
                || Double.parseDouble(text) > most) {
            throw new IllegalArgumentException(
                    "%s %s: a number from %.0f to %.0f".formatted(option, text, least, most));
        }
        return Double.parseDouble(text);
    }
}
