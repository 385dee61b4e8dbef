package dev.baton.gateway.observe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LogTextTest {
    @Test
    void leavesWhatIdsAreMadeOf() {
        assertThat(LogText.escaped("req_01HZ-7.a:b/c+d@e#~")).isEqualTo("req_01HZ-7.a:b/c+d@e#~");
        assertThat(LogText.escaped("messages[3].content")).isEqualTo("messages[3].content");
    }

    @Test
    void escapesWhatWouldEndTheLineSteerATerminalOrLookLikeAField() {
        assertThat(LogText.escaped("a\r\nb")).isEqualTo("a\\u000d\\u000ab");
        assertThat(LogText.escaped("\u001b[31m")).isEqualTo("\\u001b[31m");
        assertThat(LogText.escaped("x status=200")).isEqualTo("x\\u0020status\\u003d200");
        assertThat(LogText.escaped("\"\\\u202e\u00e9")).isEqualTo("\\u0022\\u005c\\u202e\\u00e9");
    }

    @Test
    void isNeverLong() {
        assertThat(LogText.escaped("\n".repeat(10_000))).hasSize(128 * 6 + 3).endsWith("...");
    }
}
