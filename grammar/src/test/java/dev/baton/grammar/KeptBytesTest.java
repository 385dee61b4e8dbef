package dev.baton.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Structure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a grammar keeps is bounded, whatever a client thinks of. */
class KeptBytesTest {
    private static final int STEPS = 20_000;

    /** What one state adds: its mask, and where it ends within each of the tokens. */
    private static final int ONE_STATE = 64 << 10;

    /** All texts of two letters, so that each state of the structures below can end within other tokens. */
    private static Vocabulary vocabulary(int longest, String end, String... others) {
        List<byte @Nullable []> tokens = new ArrayList<>();
        for (String other : others) {
            tokens.add(other.getBytes(StandardCharsets.US_ASCII));
        }
        for (int length = 1; length <= longest; length++) {
            for (int bits = 0; bits < 1 << length; bits++) {
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < length; i++) {
                    text.append((char) ('a' + (bits >> i & 1)));
                }
                tokens.add(text.append(end).toString().getBytes(StandardCharsets.US_ASCII));
            }
        }
        return new Vocabulary(tokens, Map.of());
    }

    @Test
    void manyStatesThatEachEndWithinOtherTokensAreForgottenInTime() {
        Grammar hostile =
                Grammar.of(Structure.newBuilder().setRegex("(a|b)*a(a|b){11}").build());
        TokenGrammar grammar = new TokenGrammar(hostile, vocabulary(12, ""));
        TokenMatcher matcher = grammar.matcher();
        Random random = new Random(1);
        long most = 0;
        int forgotten = 0;
        for (int step = 0; step < STEPS; step++) {
            long before = grammar.keptBytes();
            matcher.allowed();
            matcher.accept(random.nextInt(2));
            most = Math.max(most, grammar.keptBytes());
            forgotten += grammar.keptBytes() < before ? 1 : 0;
        }
        assertThat(most).isLessThan(TokenGrammar.MOST_KEPT_BYTES + ONE_STATE);
        assertThat(forgotten).isPositive();
    }

    @Test
    void manyStatesOfOnePositionAreForgottenInTime() {
        int longest = 14;
        List<String> alternatives = new ArrayList<>();
        for (int first = 0; first < longest; first++) {
            for (int second = 0; first + second < longest - 1; second++) {
                for (String letters : List.of("aa", "ab", "ba", "bb")) {
                    alternatives.add("{\"type\":\"string\",\"pattern\":\"^[ab]{%d}%c[ab]{%d}%c[ab]*$\"}"
                            .formatted(first, letters.charAt(0), second, letters.charAt(1)));
                }
            }
        }
        Structure schema = Structure.newBuilder()
                .setJsonSchema("{\"type\":\"array\",\"items\":{\"anyOf\":[" + String.join(",", alternatives) + "]}}")
                .build();
        TokenGrammar grammar = new TokenGrammar(Grammar.of(schema), vocabulary(longest, "\",", "[", "\""));
        TokenMatcher matcher = grammar.matcher();
        matcher.accept(0);
        matcher.accept(1);
        long[] mask = matcher.allowed();
        assertThat(grammar.keptBytes()).isLessThan(TokenGrammar.MOST_KEPT_BYTES + ONE_STATE);
        for (int token = 0; token < 1 << longest; token += 97) {
            assertThat((mask[token >> 6] >>> token & 1) != 0)
                    .as("token %d", token)
                    .isEqualTo(matcher.allows(token));
        }
    }
}
