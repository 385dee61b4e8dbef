package dev.baton.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestJsonTest {
    private static boolean has(String body) {
        return RequestJson.hasOneOf(body.getBytes(StandardCharsets.UTF_8), Set.of("tools", "regex"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"tools\":[]}",
                "{\"a\":[{\"b\":{}}],\"c\":\"d\",\"regex\":null}",
                "{\"a\":{},\"\\u0074ool\\u0073\":1}",
                "{\"regex\":1"
            })
    void findsAFieldHoweverItIsSpelled(String body) {
        assertThat(has(body)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[\"tools\"]",
                "{}",
                "{\"a\":{\"tools\":1},\"b\":\"tools\"}",
                "{\"a\":]}",
                "\"tools\"",
                "{\"a"
            })
    void findsNoneThatIsNotThere(String body) {
        assertThat(has(body)).isFalse();
    }
}
