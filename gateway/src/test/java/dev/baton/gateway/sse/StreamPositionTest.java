package dev.baton.gateway.sse;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StreamPositionTest {
    @Test
    void namesTheTokenAndWhichOfItsEvents() {
        EventIds ids = new EventIds(StreamPosition.start(1));
        assertThat(lines(ids, 0, 0, 3, 3, 3, 4)).containsExactly("0", "0.1", "3", "3.1", "3.2", "4");
    }

    @Test
    void leavesOutWhatTheClientHasAndGivesTheRestTheSameIds() {
        int[] tokens = {0, 1, 1, 2, 5, 5, 5};
        List<String> all = lines(new EventIds(StreamPosition.start(1)), tokens);
        for (int had = 0; had < all.size(); had++) {
            EventIds resumed =
                    new EventIds(StreamPosition.parse(all.get(had), 1).orElseThrow());
            assertThat(lines(resumed, tokens)).isEqualTo(all.subList(had + 1, all.size()));
        }
    }

    @Test
    void saysOfEachChoiceHowFarTheClientIs() {
        EventIds ids = new EventIds(StreamPosition.start(2));
        assertThat(line(ids, 1, ids.next(1, 0))).isEqualTo("-1,0");
        assertThat(line(ids, 0, ids.next(0, 0))).isEqualTo("0,0");
        EventIds resumed = new EventIds(StreamPosition.parse("-1,0", 2).orElseThrow());
        assertThat(resumed.next(1, 0)).isEqualTo(EventIds.HAD);
        assertThat(line(resumed, 0, resumed.next(0, 0))).isEqualTo("0,0");
    }

    @Test
    void takesNothingThatIsNoPlace() {
        for (String text : List.of("", "x", "-2", "01", "1.0", "1.", "1,2", "1 ", "9999999999")) {
            assertThat(StreamPosition.parse(text, 1)).as(text).isEmpty();
        }
        assertThat(StreamPosition.parse("1", 2)).isEmpty();
        assertThat(StreamPosition.parse("7.2,-1", 2)).map(Object::toString).contains("7.2,-1");
    }

    private static List<String> lines(EventIds ids, int... tokens) {
        List<String> lines = new ArrayList<>();
        for (int token : tokens) {
            long place = ids.next(0, token);
            if (place != EventIds.HAD) {
                lines.add(line(ids, 0, place));
            }
        }
        return lines;
    }

    private static String line(EventIds ids, int choice, long place) {
        return new String(ids.line(choice, place), StandardCharsets.US_ASCII)
                .strip()
                .substring("id: ".length());
    }
}
