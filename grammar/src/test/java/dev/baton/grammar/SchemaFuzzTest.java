package dev.baton.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Structure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Schemas and expressions that are almost right are compiled or refused in words, each within its bounds. */
class SchemaFuzzTest {
    private static final Duration BUDGET = Duration.ofSeconds(3);
    private static final Duration ONE = Duration.ofSeconds(20);
    private static final int FEWEST = 100;
    private static final long SEED = 16;

    private static final List<String> WORDS = List.of(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "null",
            "true",
            "0",
            "-1",
            "1e9",
            "0.5",
            "\"\"",
            "\"a\"",
            "\"type\"",
            "\"object\"",
            "\"string\"",
            "\"integer\"",
            "\"number\"",
            "\"array\"",
            "\"properties\"",
            "\"required\"",
            "\"items\"",
            "\"prefixItems\"",
            "\"minItems\"",
            "\"maxItems\"",
            "\"enum\"",
            "\"const\"",
            "\"anyOf\"",
            "\"oneOf\"",
            "\"allOf\"",
            "\"$ref\"",
            "\"#\"",
            "\"#/$defs/a\"",
            "\"$defs\"",
            "\"pattern\"",
            "\"(a|b)*c{2,9}\"",
            "\"format\"",
            "\"date\"",
            "\"minLength\"",
            "\"maxLength\"",
            "\"minimum\"",
            "\"exclusiveMaximum\"",
            "\"additionalProperties\"");

    private static final List<String> PIECES = List.of(
            "a", "[^a-z]", "(", ")", "(?:", "|", "*", "+", "?", "{2}", "{1,300}", "{9,}", "\\d", "\\w", "\\u00e9", ".",
            "^", "$", "[", "]", "\\", "(?=", "\\1", "é", "\\p{L}");

    private final Random random = new Random(SEED);

    @Test
    void everySchemaEndsInAGrammarOrAFault() {
        run(() -> Structure.newBuilder().setJsonSchema(schema()).build());
    }

    @Test
    void everyExpressionEndsInAGrammarOrAFault() {
        run(() -> Structure.newBuilder().setRegex(joined(PIECES, 14)).build());
    }

    private interface Made {
        Structure next();
    }

    private void run(Made made) {
        long end = System.nanoTime() + BUDGET.toNanos() / 2;
        int good = 0;
        int bad = 0;
        while (good + bad < FEWEST || System.nanoTime() < end) {
            Structure structure = made.next();
            long started = System.nanoTime();
            Optional<String> fault = Grammar.faults(List.of(structure)).getFirst();
            assertThat(Duration.ofNanos(System.nanoTime() - started))
                    .as("%s", structure)
                    .isLessThan(ONE);
            assertThat(fault.orElse("none")).as("%s", structure).isNotBlank().doesNotContain("Exception");
            good += fault.isEmpty() ? 1 : 0;
            bad += fault.isPresent() ? 1 : 0;
        }
        assertThat(good).as("compiled").isPositive();
        assertThat(bad).as("refused").isPositive();
    }

    /** A right one whose words are exchanged here and there, or words at random. */
    private String schema() {
        if (random.nextInt(5) == 0) {
            return joined(WORDS, 30);
        }
        List<String> words = new ArrayList<>(List.of(
                "{",
                "\"type\"",
                ":",
                "\"object\"",
                ",",
                "\"properties\"",
                ":",
                "{",
                "\"a\"",
                ":",
                "{",
                "\"type\"",
                ":",
                "\"array\"",
                ",",
                "\"items\"",
                ":",
                "{",
                "\"$ref\"",
                ":",
                "\"#/$defs/a\"",
                "}",
                "}",
                "}",
                ",",
                "\"required\"",
                ":",
                "[",
                "\"a\"",
                "]",
                ",",
                "\"$defs\"",
                ":",
                "{",
                "\"a\"",
                ":",
                "{",
                "\"anyOf\"",
                ":",
                "[",
                "{",
                "\"type\"",
                ":",
                "\"string\"",
                ",",
                "\"maxLength\"",
                ":",
                "4",
                "}",
                ",",
                "{",
                "\"const\"",
                ":",
                "null",
                "}",
                "]",
                "}",
                "}",
                "}"));
        for (int changes = random.nextInt(3); changes > 0; changes--) {
            int at = random.nextInt(words.size());
            String before = words.get(at);
            String word = WORDS.get(random.nextInt(WORDS.size()));
            // Mostly a value for a value, so that it stays JSON.
            words.set(at, before.length() > 1 && word.length() > 1 ? word : random.nextInt(8) == 0 ? word : before);
        }
        return String.join("", words);
    }

    private String joined(List<String> from, int most) {
        StringBuilder text = new StringBuilder();
        for (int count = 1 + random.nextInt(most); count > 0; count--) {
            text.append(from.get(random.nextInt(from.size())));
        }
        return text.toString();
    }
}
