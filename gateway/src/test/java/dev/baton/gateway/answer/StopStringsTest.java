package dev.baton.gateway.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopStringsTest {
    @Test
    void cutsBeforeAStopStringThatSpansTokens() {
        StopStrings stops = new StopStrings(List.of("END"));
        assertThat(stops.push("one E")).isEqualTo("one ");
        assertThat(stops.push("N")).isEmpty();
        assertThat(stops.matched()).isFalse();
        assertThat(stops.push("D two")).isEmpty();
        assertThat(stops.matched()).isTrue();
        assertThat(stops.match()).isEqualTo("END");
        assertThat(stops.push("three")).isEmpty();
        assertThat(stops.flush()).isEmpty();
    }

    @Test
    void letsGoOfWhatOnlyLookedLikeAStopString() {
        StopStrings stops = new StopStrings(List.of("ENDX"));
        assertThat(stops.push("END")).isEmpty();
        assertThat(stops.push("END")).isEqualTo("END");
        assertThat(stops.flush()).isEqualTo("END");
        assertThat(stops.matched()).isFalse();
    }

    @Test
    void theStopStringThatCompletesFirstEndsTheAnswer() {
        StopStrings stops = new StopStrings(List.of("abcd", "bc"));
        assertThat(stops.push("xabcd")).isEqualTo("xa");
        assertThat(stops.match()).isEqualTo("bc");
    }

    @Test
    void withoutStopStringsTextPassesAtOnce() {
        assertThat(new StopStrings(List.of()).push("text")).isEqualTo("text");
    }

    @Test
    void anEmptyStopStringIsRefused() {
        assertThatThrownBy(() -> new StopStrings(List.of(""))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theResultDoesNotDependOnHowTheTextIsCut() {
        Random random = new Random(7);
        int matched = 0;
        for (int round = 0; round < 20_000; round++) {
            List<String> stops = new ArrayList<>();
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                stops.add(letters(random, random.nextInt(1, 5)));
            }
            String text = letters(random, random.nextInt(0, 20));
            StopStrings stream = new StopStrings(stops);
            StringBuilder out = new StringBuilder();
            for (int at = 0; at < text.length(); ) {
                int to = Math.min(text.length(), at + random.nextInt(1, 5));
                out.append(stream.push(text.substring(at, to)));
                at = to;
            }
            out.append(stream.flush());
            assertThat(out.toString()).as("%s in %s", stops, text).isEqualTo(cutByHand(text, stops));
            matched += stream.matched() ? 1 : 0;
        }
        assertThat(matched).isBetween(2_000, 19_000);
    }

    /** The shortest beginning that holds a stop string, without it. */
    private static String cutByHand(String text, List<String> stops) {
        for (int end = 1; end <= text.length(); end++) {
            String beginning = text.substring(0, end);
            int longest = stops.stream()
                    .filter(beginning::endsWith)
                    .mapToInt(String::length)
                    .max()
                    .orElse(0);
            if (longest > 0) {
                return beginning.substring(0, end - longest);
            }
        }
        return text;
    }

    private static String letters(Random random, int length) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < length; i++) {
            out.append((char) ('a' + random.nextInt(2)));
        }
        return out.toString();
    }
}
