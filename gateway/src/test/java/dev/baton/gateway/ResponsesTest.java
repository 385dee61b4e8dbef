package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import dev.baton.gateway.answer.AnswerBudget;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code /v1/responses} of a model that reasons and calls tools. */
class ResponsesTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String TOOLS =
            "\"tools\":[{\"type\":\"function\",\"name\":\"now\",\"parameters\":{\"type\":\"object\"}}]";
    private static final String ALL = "<think>Hm.</think>Let me \"see\".\n"
            + "<tool_call>\n{\"name\": \"now\", \"arguments\": {\"a\": 1}}\n</tool_call>\n"
            + "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";

    private static EdgeServer server;
    private static OpenAIClient client;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws IOException {
        Path model = EdgeServer.withTemplate(folder, """
            {%- if tools %}<tool_call>{{ tools | tojson }}</tool_call>{% endif %}
            {%- for m in messages %}{{ '[' + m.role + ']' }}
            {%- if m.reasoning_content %}{{ '<think>' + m.reasoning_content + '</think>' }}{% endif %}
            {{- m.content or '' }}{% for c in m.tool_calls or [] %}{{ c.function.name }}{{ c.function.arguments | tojson }}
            {%- endfor %}{% endfor %}{{- '[assistant]' }}""");
        server = EdgeServer.start(model, "--edge.context=4096");
        client = server.openAi();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    @AfterEach
    void forget() {
        server.dispatcher().forget();
    }

    private static void says(String text, Finish.Reason reason) {
        server.dispatcher().plays(call -> {
            call.admits().found(3).says(server.tokenizer().encode(text, false));
            call.finishes(reason);
        });
    }

    private static JsonNode ask(String extra) throws IOException {
        RawHttp.Response response = server.http().post("/v1/responses", "{\"model\":\"demo\"," + extra + "}");
        assertThat(response.status()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    /** The events of a stream, each checked against its name and number. */
    private static List<JsonNode> events(String extra) throws IOException {
        String body = server.http()
                .post("/v1/responses", "{\"model\":\"demo\",\"stream\":true," + extra + "}")
                .body();
        List<JsonNode> events = new ArrayList<>();
        for (String event : body.split("\n\n")) {
            String[] lines = event.split("\n");
            assertThat(lines).as(event).hasSize(2);
            JsonNode data = JSON.readTree(lines[1].substring("data: ".length()));
            assertThat(lines[0]).isEqualTo("event: " + data.get("type").stringValue());
            assertThat(data.get("sequence_number").asInt()).isEqualTo(events.size());
            events.add(data);
        }
        return events;
    }

    @Test
    void whatIsThoughtSaidAndCalledAreItems() throws IOException {
        says(ALL, Finish.Reason.STOP);
        JsonNode whole = ask("\"input\":\"Hi\"," + TOOLS);
        JsonNode output = whole.get("output");
        assertThat(output).hasSize(4);
        assertThat(output.at("/0/content/0/text").stringValue()).isEqualTo("Hm.");
        assertThat(output.at("/1/content/0/text").stringValue()).isEqualTo("Let me \"see\".");
        assertThat(output.at("/2/arguments").stringValue()).isEqualTo("{\"a\": 1}");
        assertThat(output.at("/3/name").stringValue()).isEqualTo("now");
        assertThat(whole.get("status").stringValue()).isEqualTo("completed");
        assertThat(whole.at("/usage/input_tokens_details/cached_tokens").asInt())
                .isEqualTo(3);
        assertThat(whole.at("/usage/output_tokens_details/reasoning_tokens").asInt())
                .isPositive();
        assertThat(whole.at("/tools/0/name").stringValue()).isEqualTo("now");
        assertThat(whole.get("store").booleanValue()).isFalse();
    }

    @Test
    void theEventsOfAStreamGiveTheWholeResponse() throws IOException {
        says(ALL, Finish.Reason.STOP);
        List<JsonNode> events = events("\"input\":\"Hi\"," + TOOLS);
        assertThat(events)
                .extracting(event -> event.get("type").stringValue())
                .startsWith(
                        "response.created",
                        "response.in_progress",
                        "response.output_item.added",
                        "response.content_part.added");
        JsonNode last = events.getLast();
        assertThat(last.get("type").stringValue()).isEqualTo("response.completed");
        JsonNode output = last.at("/response/output");
        StringBuilder[] deltas = {new StringBuilder(), new StringBuilder(), new StringBuilder(), new StringBuilder()};
        for (JsonNode event : events) {
            String type = event.get("type").stringValue();
            int index = event.path("output_index").asInt(-1);
            if (type.endsWith(".delta")) {
                deltas[index].append(event.get("delta").stringValue());
            } else if (type.equals("response.output_item.done")) {
                assertThat(event.get("item")).isEqualTo(output.get(index));
            } else if (type.equals("response.output_item.added")) {
                assertThat(event.at("/item/id")).isEqualTo(output.get(index).get("id"));
            }
        }
        assertThat(deltas[0]).hasToString("Hm.");
        assertThat(deltas[1]).hasToString("Let me \"see\".");
        assertThat(deltas[2]).hasToString("{\"a\": 1}");
        assertThat(deltas[3]).hasToString("{}");
        says(ALL, Finish.Reason.STOP);
        JsonNode whole = ask("\"input\":\"Hi\"," + TOOLS);
        assertThat(output).hasSize(whole.get("output").size());
        for (int i = 0; i < output.size(); i++) {
            for (String field : List.of("type", "status")) {
                assertThat(output.get(i).get(field)).isEqualTo(whole.at("/output/" + i + "/" + field));
            }
            assertThat(output.get(i).get("content"))
                    .isEqualTo(whole.get("output").get(i).get("content"));
            assertThat(output.get(i).get("arguments"))
                    .isEqualTo(whole.get("output").get(i).get("arguments"));
        }
        assertThat(last.at("/response/usage")).isEqualTo(whole.get("usage"));
    }

    @Test
    void theOfficialJavaClientReadsBoth() {
        says("<think>Hm.</think>Hello.", Finish.Reason.STOP);
        ResponseCreateParams params = ResponseCreateParams.builder()
                .model("demo")
                .input("Hi")
                .store(false)
                .build();
        Response whole = client.responses().create(params);
        whole.validate();
        assertThat(whole.output()
                        .get(1)
                        .asMessage()
                        .content()
                        .getFirst()
                        .asOutputText()
                        .text())
                .isEqualTo("Hello.");
        ResponseAccumulator accumulated = ResponseAccumulator.create();
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(params)) {
            stream.stream().forEach(event -> {
                event.validate();
                accumulated.accumulate(event);
            });
        }
        assertThat(accumulated
                        .response()
                        .output()
                        .get(1)
                        .asMessage()
                        .content()
                        .getFirst()
                        .asOutputText()
                        .text())
                .isEqualTo("Hello.");
    }

    @Test
    void anAnswerThatIsCutIsIncomplete() throws IOException {
        says("Hel", Finish.Reason.LENGTH);
        JsonNode whole = ask("\"input\":\"Hi\",\"max_output_tokens\":3");
        assertThat(whole.get("status").stringValue()).isEqualTo("incomplete");
        assertThat(whole.at("/incomplete_details/reason").stringValue()).isEqualTo("max_output_tokens");
        assertThat(whole.at("/output/0/status").stringValue()).isEqualTo("incomplete");
        JsonNode last = events("\"input\":\"Hi\",\"max_output_tokens\":3").getLast();
        assertThat(last.get("type").stringValue()).isEqualTo("response.incomplete");
        assertThat(last.at("/response/output/0/status").stringValue()).isEqualTo("incomplete");
    }

    @Test
    void aFailureInTheMidstEndsTheStream() throws IOException {
        server.dispatcher().plays(call -> {
            call.admits().says(server.tokenizer().encode("Hel", false));
            call.sink.failed(Failure.newBuilder()
                    .setCode(Failure.Code.ENGINE_FAILED)
                    .setMessage("it broke")
                    .build());
        });
        JsonNode last = events("\"input\":\"Hi\"").getLast();
        assertThat(last.get("type").stringValue()).isEqualTo("response.failed");
        assertThat(last.at("/response/error/code").stringValue()).isEqualTo("internal_error");
    }

    @Test
    void aConversationReachesTheTemplateAsAChat() throws Exception {
        says("Yes.", Finish.Reason.STOP);
        ask("\"instructions\":\"Be brief.\",\"input\":[{\"role\":\"developer\",\"content\":\"Be kind.\"},"
                + "{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Hi\"}]},"
                + "{\"type\":\"reasoning\",\"id\":\"r\",\"summary\":[],\"content\":[{\"type\":\"reasoning_text\",\"text\":\"Hm.\"}]},"
                + "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Ho.\"}]},"
                + "{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"now\",\"arguments\":\"{\\\"a\\\":1}\"},"
                + "{\"type\":\"function_call\",\"call_id\":\"c2\",\"name\":\"now\",\"arguments\":\"{}\"},"
                + "{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"noon\"}],"
                + "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{\"type\":\"integer\"}}}");
        var submission = server.dispatcher().next().submission;
        assertThat(server.tokenizer().decode(submission.prompt(), false))
                .endsWith("[system]Be brief.\n\nBe kind.[user]Hi[assistant]<think>Hm.</think>Ho.now{\"a\": 1}now{}"
                        + "[tool]noon[assistant]");
        assertThat(Objects.requireNonNull(submission.structure()).toString()).contains("integer");
    }

    @Test
    void whatIsRepeatedCountsUntilTheAnswerIsSent() throws Exception {
        server.dispatcher().plays(null);
        AnswerBudget budget = server.bean(AnswerBudget.class);
        String body =
                "{\"model\":\"demo\",\"stream\":true,\"input\":\"Hi\",\"text\":{\"format\":{\"type\":\"json_schema\","
                        + "\"name\":\"n\",\"schema\":{\"type\":\"integer\"},\"description\":\"" + "a".repeat(100_000)
                        + "\"}}}";
        try (RawHttp.Exchange ignored = server.http().open("POST", "/v1/responses", body)) {
            server.dispatcher().next().admits();
            assertThat(budget.held()).isBetween(100_000L, 210_000L);
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> budget.held() == 0);
    }

    @Test
    void whatIsCheckedIsRepeated() throws IOException {
        says("1", Finish.Reason.STOP);
        JsonNode whole =
                ask("\"input\":\"Hi\",\"instructions\":\"Be \\\"brief\\\".\",\"metadata\":{\"a\":\"b\"},\"user\":\"u\","
                        + "\"tools\":[{\"type\":\"function\",\"name\":\"now\",\"parameters\":{\"type\":\"object\"},\"x\":[1]}],"
                        + "\"tool_choice\":{\"type\":\"function\",\"name\":\"now\",\"x\":2},\"temperature\":0.5,"
                        + "\"reasoning\":{\"effort\":\"low\"},\"text\":{\"format\":{\"type\":\"text\"}}");
        assertThat(whole.get("instructions").stringValue()).isEqualTo("Be \"brief\".");
        assertThat(whole.get("metadata").toString()).isEqualTo("{\"a\":\"b\"}");
        assertThat(whole.get("user").stringValue()).isEqualTo("u");
        assertThat(whole.get("tools").toString())
                .isEqualTo("[{\"type\":\"function\",\"name\":\"now\",\"parameters\":{\"type\":\"object\"}}]");
        assertThat(whole.get("tool_choice").toString()).isEqualTo("{\"type\":\"function\",\"name\":\"now\"}");
        assertThat(whole.get("temperature").doubleValue()).isEqualTo(0.5);
        assertThat(whole.get("reasoning").toString()).isEqualTo("{\"effort\":\"low\",\"summary\":null}");
        assertThat(whole.get("text").toString()).isEqualTo("{\"format\":{\"type\":\"text\"}}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "user                  | \"user\":\"%s\"                                 | 257",
                "prompt_cache_key      | \"prompt_cache_key\":\"%s\"                     | 257",
                "safety_identifier     | \"safety_identifier\":\"%s\"                    | 257",
                "metadata              | \"metadata\":{\"%s\":\"b\"}                     | 65",
                "metadata.a            | \"metadata\":{\"a\":\"%s\"}                     | 513",
                "reasoning.effort      | \"reasoning\":{\"effort\":\"%s\"}               | 65",
                "reasoning.summary     | \"reasoning\":{\"summary\":\"%s\"}              | 65",
                "reasoning.x           | \"reasoning\":{\"x\":\"%s\"}                    | 1",
                "text.x                | \"text\":{\"x\":\"%s\"}                         | 1",
                "text.format.x         | \"text\":{\"format\":{\"type\":\"text\",\"x\":\"%s\"}} | 1",
            })
    void whatWouldBeKeptIsBounded(String param, String member, int length) throws IOException {
        RawHttp.Response response = server.http()
                .post(
                        "/v1/responses",
                        "{\"model\":\"demo\",\"input\":\"a\"," + member.formatted("a".repeat(length)) + "}");
        assertThat(response.status()).as(response.body()).isEqualTo(400);
        assertThat(response.body()).contains("\"param\":\"" + param + "\"");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "input                | {}",
                "input                | {\"input\":1}",
                "input                | {\"input\":[]}",
                "input[0].type        | {\"input\":[{\"type\":\"item_reference\",\"id\":\"a\"}]}",
                "input[0].content[0]  | {\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}]}",
                "input[1].role        | {\"input\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"x\",\"content\":\"a\"}]}",
                "input[0].call_id     | {\"input\":[{\"type\":\"function_call\",\"name\":\"a\"}]}",
                "previous_response_id | {\"input\":\"a\",\"previous_response_id\":\"resp_1\"}",
                "conversation         | {\"input\":\"a\",\"conversation\":\"c\"}",
                "store                | {\"input\":\"a\",\"store\":true}",
                "background           | {\"input\":\"a\",\"background\":true}",
                "truncation           | {\"input\":\"a\",\"truncation\":\"auto\"}",
                "include              | {\"input\":\"a\",\"include\":[\"web_search_call.results\"]}",
                "tools[0]             | {\"input\":\"a\",\"tools\":[{\"type\":\"web_search\"}]}",
                "tools[0].name        | {\"input\":\"a\",\"tools\":[{\"type\":\"function\"}]}",
                "max_output_tokens    | {\"input\":\"a\",\"max_output_tokens\":0}",
                "text.format.schema   | {\"input\":\"a\",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"a\"}}}",
                "text.format.type     | {\"input\":\"a\",\"text\":{\"format\":{\"type\":\"grammar\"}}}",
                "reasoning.effort     | {\"input\":\"a\",\"reasoning\":{\"effort\":1}}",
                "temperature          | {\"input\":\"a\",\"temperature\":3}",
            })
    void whatIsNotSupportedIsNamed(String param, String body) throws IOException {
        RawHttp.Response response = server.http()
                .post(
                        "/v1/responses",
                        body.replaceFirst("\\{", "{\"model\":\"demo\",").replace(",}", "}"));
        assertThat(response.status()).as(response.body()).isEqualTo(400);
        assertThat(response.body()).contains("\"param\":\"" + param + "\"");
    }

    @Test
    void aResponseCannotBeResumed() throws IOException {
        assertThat(server.http()
                        .post("/v1/responses", "{\"model\":\"demo\",\"input\":\"a\"}", "X-Baton-Resumable: true")
                        .status())
                .isIn(400, 503);
    }
}
