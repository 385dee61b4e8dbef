package dev.baton.engine.draft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PromptLookupTest {
    private static int[] after(int wanted, int... tokens) {
        return new PromptLookup().after(at -> tokens[at], tokens.length, wanted);
    }

    @Test
    void guessesWhatFollowedTheLastThreeTokens() {
        assertThat(after(2, 1, 2, 3, 4, 5, 6, 1, 2, 3)).containsExactly(4, 5);
        assertThat(after(2, 1, 2, 3, 4, 5, 6, 9, 2, 3)).as("two are too few").isEmpty();
        assertThat(after(3, 1, 2)).isEmpty();
    }

    @Test
    void prefersThePlaceThatAgreesLongestAndThenTheLatest() {
        assertThat(after(1, 7, 1, 2, 3, 4, 8, 1, 2, 3, 5, 7, 1, 2, 3)).containsExactly(4);
        assertThat(after(1, 7, 1, 2, 3, 4, 8, 1, 2, 3, 5, 9, 1, 2, 3)).containsExactly(5);
    }

    @Test
    void guessesOnWhereAPeriodMeetsTheEnd() {
        assertThat(after(5, 1, 2, 3, 1, 2, 3, 1, 2, 3)).containsExactly(1, 2, 3, 1, 2);
    }

    /** Grown token by token, as an answer is, it finds what a plain search finds. */
    @Test
    void findsWhatAPlainSearchFinds() {
        int[] tokens = new Random(3).ints(2_000, 0, 5).toArray();
        PromptLookup lookup = new PromptLookup();
        int found = 0;
        for (int length = 4; length <= tokens.length; length++) {
            int[] guesses = lookup.after(at -> tokens[at], length, 1);
            if (guesses.length > 0) {
                found++;
                assertThat(seen(tokens, length, guesses[0])).isTrue();
            }
        }
        assertThat(found).isGreaterThan(1_500);
    }

    private static boolean seen(int[] tokens, int length, int next) {
        for (int at = 2; at < length - 1; at++) {
            if (tokens[at] == tokens[length - 1]
                    && tokens[at - 1] == tokens[length - 2]
                    && tokens[at - 2] == tokens[length - 3]
                    && tokens[at + 1] == next) {
                return true;
            }
        }
        return false;
    }
}
