package dev.baton.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Structure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Masks that are found by runs of characters have exactly the tokens that can be accepted. */
class RunsTest {
    private final List<byte @Nullable []> tokens = new ArrayList<>();
    private final Vocabulary vocabulary;

    /** Every byte; long and short runs, with what may follow them; characters of two to four bytes, whole and cut. */
    RunsTest() {
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        for (int length : new int[] {2, 3, 5, 8, 13, 31, 32, 33, 40}) {
            for (String end : List.of("", "\"", "\",\"", "\\n", "\\n\"", "é", "<", "1", " ")) {
                add("e".repeat(length) + end);
                add("é".repeat(length) + end);
            }
        }
        for (String text : List.of("日", "a日", "日本\"", "😀", "e😀e\"]")) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            for (int to = 1; to <= bytes.length; to++) {
                tokens.add(Arrays.copyOf(bytes, to));
                tokens.add(Arrays.copyOfRange(bytes, bytes.length - to, bytes.length));
            }
        }
        vocabulary = new Vocabulary(tokens, Map.of());
    }

    private void add(String text) {
        tokens.add(text.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"string\"}",
                "{\"type\":\"string\",\"minLength\":3,\"maxLength\":45}",
                "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":9},\"maxItems\":9}",
                "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"pattern\":\"^[a-zé]{2,30}[0-9]?$\"}}",
                "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"pattern\":\"e{2}1\"}}"
            })
    void masksOfSchemas(String schema) {
        hasExactlyWhatCanBeAccepted(Structure.newBuilder().setJsonSchema(schema).build());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[a-z]{3}[a-z0-9]*",
                "[a-z]{1,35}",
                "([a-z]{2,6} ){1,5}é*",
                "[^<]{0,12}<",
                "[A-Za-z0-9_]{4,40}(1|2)[\\s\\S]*"
            })
    void masksOfExpressions(String regex) {
        hasExactlyWhatCanBeAccepted(Structure.newBuilder().setRegex(regex).build());
    }

    @ParameterizedTest
    @ValueSource(strings = {"<", "<tool>", "ee<"})
    void masksOfTextWithout(String text) {
        hasExactlyWhatCanBeAccepted(Structure.newBuilder().setTextWithout(text).build());
    }

    private void hasExactlyWhatCanBeAccepted(Structure structure) {
        TokenGrammar grammar = new TokenGrammar(Grammar.of(structure), vocabulary);
        for (int seed = 0; seed < 6; seed++) {
            Random random = new Random(seed);
            TokenMatcher matcher = grammar.matcher();
            for (int step = 0; step < 25; step++) {
                long[] mask = matcher.allowed();
                List<Integer> allowed = IntStream.range(0, vocabulary.size())
                        .filter(token -> (mask[token >> 6] >>> token & 1) != 0)
                        .boxed()
                        .toList();
                assertThat(allowed)
                        .as("seed %d, step %d", seed, step)
                        .isEqualTo(IntStream.range(0, vocabulary.size())
                                .filter(matcher::allows)
                                .boxed()
                                .toList());
                if (allowed.isEmpty()) {
                    break;
                }
                matcher.accept(allowed.get(random.nextInt(allowed.size())));
            }
        }
    }
}
