package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code status} and {@code logs} print. */
class CommandTextTest {
    @ParameterizedTest
    @CsvSource({"PT4S, 4 s", "PT2M5S, 2 min 5 s", "PT4H10M59S, 4 h 10 min", "PT74H, 3 d 2 h", "PT-1S, 0 s"})
    void anAgeHasTwoUnitsAtMost(Duration age, String text) {
        assertThat(StatusCommand.age(age)).isEqualTo(text);
    }

    @Test
    void theLastLinesIncludeOneWithoutItsEnd() {
        assertThat(LogsCommand.lastLines("a\nb\nc\n", 2)).isEqualTo("b\nc\n");
        assertThat(LogsCommand.lastLines("a\nb\nc", 2)).isEqualTo("b\nc");
        assertThat(LogsCommand.lastLines("a\nb\n", 5)).isEqualTo("a\nb\n");
        assertThat(LogsCommand.lastLines("\n\na\n", 2)).isEqualTo("\na\n");
        assertThat(LogsCommand.lastLines("", 3)).isEmpty();
    }
}
