package dev.baton.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TerminalTextTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u001b[2J",
                "\u001b]0;title\u0007",
                "\u009b31m",
                "\r",
                "\b\b",
                "\u0000",
                "\u007f",
                "\u202e",
                "\u2066",
                "\ufeff",
                "\u200b"
            })
    void nothingThatSteersTheTerminalIsLeft(String sequence) {
        String shown = TerminalText.of("a" + sequence + "b");
        assertThat(shown.chars().anyMatch(Character::isISOControl)).isFalse();
        assertThat(shown.chars().anyMatch(c -> Character.getType(c) == Character.FORMAT))
                .isFalse();
        assertThat(shown).startsWith("a").endsWith("b");
    }

    @Test
    void textIsLeftAsItIs() {
        String text = "Grüße,\n\tשלום 你好 👩\u200d👩\u200d👧 क्\u200dष";
        assertThat(TerminalText.of(text)).isEqualTo(text);
    }
}
