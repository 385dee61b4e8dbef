package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Finish;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** Tool calls that a model made earlier, whatever words it found for their arguments. */
class ToolHistoryTest {
    private static EdgeServer server;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws IOException {
        Files.copy(EdgeServer.MODEL_FOLDER.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("chat_template.jinja"), """
                {%- for c in messages[0].tool_calls %}{% set a = c.function.arguments %}{{ 'text ' + a }}
                {%- if a is mapping %} object {{ a | tojson }}{% endif %}{% endfor %}""");
        server = EdgeServer.start(folder);
        server.dispatcher().plays(call -> call.admits().finishes(Finish.Reason.LENGTH));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        {"a":1}                | text {"a":1} object {"a": 1}
        {"a" :  [1,{"b":null}]}| text {"a" :  [1,{"b":null}]} object {"a": [1, {"b": null}]}
        {"a":                  | text {"a":
        {"a":1} and more       | text {"a":1} and more
        city=Rome              | text city=Rome
        [1,2]                  | text [1,2]
        "x"                    | text "x"
        {'a': 1}               | text {'a': 1}
        {"a":"\\ud83d"}        | text {"a":"\\ud83d"}
        {"a":NaN}              | text {"a":NaN}
        """)
    void neverMakeAConversationUnusable(String arguments, String prompt) throws Exception {
        check(arguments, prompt);
    }

    @ParameterizedTest
    @CsvSource({"70, false", "20, true"})
    void deepArgumentsAreText(int depth, boolean object) throws Exception {
        String arguments = "{\"a\":" + "[".repeat(depth) + "]".repeat(depth) + "}";
        check(arguments, "text " + arguments + (object ? " object " + arguments.replace(":", ": ") : ""));
    }

    private static void check(String arguments, String prompt) throws Exception {
        String quoted = JsonMapper.shared().writeValueAsString(arguments);
        RawHttp.Response response = server.http()
                .post(
                        "/v1/chat/completions",
                        "{\"model\":\"demo\",\"max_tokens\":1,\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\","
                                + "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":" + quoted
                                + "}}]}]}");
        assertThat(response.status()).as(response.body()).isEqualTo(200);
        assertThat(server.tokenizer()
                        .decode(server.dispatcher().next().submission.prompt(), false))
                .isEqualTo(prompt);
    }
}
