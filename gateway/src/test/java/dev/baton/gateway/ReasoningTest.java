package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.TokenLogprob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Models that think before they answer: in tags, in tags that the prompt opens, and in channels. */
class ReasoningTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String TOOL =
            "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"now\",\"parameters\":{\"type\":\"object\"}}}]";
    private static EdgeServer tags;
    private static EdgeServer channels;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws IOException {
        tags = EdgeServer.start(model("tags", """
            {%- if tools %}<tool_call>{{ tools | tojson }}</tool_call>{% endif %}
            {%- for m in messages %}{{ m.role + ': ' }}
            {%- if m.reasoning_content %}{{ '<think>' + m.reasoning_content + '</think>' }}{% endif %}
            {{- m.content or '' }}{{ '\\n' }}{% endfor %}
            {{- 'assistant: ' }}{% if thinking is defined %}
            {{- '<think>\\n' if thinking else '<think>\\n\\n</think>\\n\\n' }}{% endif %}"""));
        channels = EdgeServer.start(model("channels", """
            {%- for m in messages %}<|start|>{{ m.role }}<|channel|>
            {{- 'analysis' if m.thinking else 'final' }}<|message|>{{ m.content }}<|end|>{% endfor %}<|start|>assistant"""));
    }

    private static Path model(String name, String template) throws IOException {
        Path model = Files.createDirectory(folder.resolve(name));
        for (String file : List.of("generation_config.json", "config.json", "tokenizer_config.json")) {
            Files.copy(EdgeServer.MODEL_FOLDER.resolve(file), model.resolve(file));
        }
        ObjectNode tokenizer = (ObjectNode) JSON.readTree(EdgeServer.MODEL_FOLDER.resolve("tokenizer.json"));
        ArrayNode added = (ArrayNode) tokenizer.get("added_tokens");
        int id = tokenizer.get("model").get("vocab").size();
        for (String special : List.of("<|channel|>", "<|message|>", "<|start|>")) {
            ObjectNode token = ((ObjectNode) added.get(0)).deepCopy();
            added.add(token.put("content", special).put("id", id++));
        }
        JSON.writeValue(model.resolve("tokenizer.json"), tokenizer);
        Files.writeString(model.resolve("chat_template.jinja"), template);
        return model;
    }

    @AfterAll
    static void stop() {
        tags.close();
        channels.close();
    }

    @AfterEach
    void forget() {
        tags.dispatcher().forget();
        channels.dispatcher().forget();
    }

    private static void says(EdgeServer by, String text) {
        by.dispatcher().plays(call -> {
            call.admits().says(by.tokenizer().encode(text, false));
            call.finishes(Finish.Reason.STOP);
        });
    }

    private static String body(String extra) {
        return "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
                + (extra.isEmpty() ? "" : ",") + extra + "}";
    }

    private static JsonNode ask(EdgeServer server, String extra) throws IOException {
        RawHttp.Response response = server.http().post("/v1/chat/completions", body(extra));
        assertThat(response.status()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    private static JsonNode message(JsonNode answer) {
        return answer.get("choices").get(0).get("message");
    }

    private static String streamed(EdgeServer server, String extra, String field) throws IOException {
        StringBuilder all = new StringBuilder();
        server.http()
                .post("/v1/chat/completions", body("\"stream\":true" + (extra.isEmpty() ? "" : ",") + extra))
                .body()
                .lines()
                .filter(line -> line.startsWith("data: {"))
                .map(line ->
                        JSON.readTree(line.substring(6)).get("choices").get(0).get("delta"))
                .forEach(delta -> all.append(delta.path(field).asString("")));
        return all.toString();
    }

    @Test
    void thoughtsAreNoContent() throws IOException {
        says(tags, "<think>\nShe <3 greets.\n</think>\n\nHello < you.\n");
        JsonNode answer = ask(tags, "\"stop\":\"greets\"");
        assertThat(message(answer).get("reasoning_content").stringValue()).isEqualTo("She <3 greets.");
        assertThat(message(answer).get("content").stringValue()).isEqualTo("Hello < you.\n");
        int reasoned =
                answer.at("/usage/completion_tokens_details/reasoning_tokens").asInt();
        int head = tags.tokenizer().encode("<think>\nShe <3 greets.\n</think>", false).length;
        assertThat(reasoned)
                .isBetween(head - 1, head + 1)
                .isLessThan(answer.at("/usage/completion_tokens").asInt());
        assertThat(streamed(tags, "", "reasoning_content")).isEqualTo("She <3 greets.");
        assertThat(streamed(tags, "", "content")).isEqualTo("Hello < you.\n");
    }

    @Test
    void thoughtsThatThePromptBeginsAreNoContent() throws IOException {
        says(tags, "Hm.</think>Hello.");
        String thinking = "\"chat_template_kwargs\":{\"thinking\":true}";
        assertThat(message(ask(tags, thinking)).get("reasoning_content").stringValue())
                .isEqualTo("Hm.");
        assertThat(message(ask(tags, thinking)).get("content").stringValue()).isEqualTo("Hello.");
        says(tags, "No end.");
        JsonNode cut = message(ask(tags, thinking));
        assertThat(cut.get("reasoning_content").stringValue()).isEqualTo("No end.");
        assertThat(cut.get("content").isNull()).isTrue();
    }

    @Test
    void withoutThoughtsAllIsContent() throws IOException {
        says(tags, "<think> is a tag.");
        JsonNode off = ask(tags, "\"chat_template_kwargs\":{\"thinking\":false}");
        assertThat(message(off).has("reasoning_content")).isFalse();
        assertThat(message(off).get("content").stringValue()).isEqualTo("<think> is a tag.");
        assertThat(off.get("usage").has("completion_tokens_details")).isFalse();
        says(tags, "A <think> is a tag.");
        JsonNode none = ask(tags, "");
        assertThat(message(none).get("content").stringValue()).isEqualTo("A <think> is a tag.");
        assertThat(none.at("/usage/completion_tokens_details/reasoning_tokens").asInt(-1))
                .isZero();
    }

    @Test
    void structureHoldsForWhatFollowsTheThoughts() throws Exception {
        says(tags, "<think>{</think>{}");
        JsonNode answer = ask(tags, "\"response_format\":{\"type\":\"json_object\"}");
        assertThat(message(answer).get("content").stringValue()).isEqualTo("{}");
        Structure either = structure(tags);
        Structure reasoned = either.getAnyOf().getOf(0);
        assertThat(reasoned.getSequence().getOf(0).getLiteral()).isEqualTo("<think>");
        assertThat(reasoned.getSequence().getOf(1).getTextWithout()).isEqualTo("</think>");
        assertThat(reasoned.getSequence().getOf(4).getJsonObject()).isTrue();
        assertThat(either.getAnyOf().getOf(1).getJsonObject()).isTrue();
        ask(tags, "\"response_format\":{\"type\":\"json_object\"},\"chat_template_kwargs\":{\"thinking\":true}");
        assertThat(structure(tags).getSequence().getOf(0).getTextWithout()).isEqualTo("</think>");
        ask(tags, "\"response_format\":{\"type\":\"json_object\"},\"chat_template_kwargs\":{\"thinking\":false}");
        assertThat(structure(tags).getJsonObject()).isTrue();
    }

    private static Structure structure(EdgeServer server) throws InterruptedException {
        return Objects.requireNonNull(server.dispatcher().next().submission.structure());
    }

    @Test
    void callsInThoughtsAreThoughts() throws IOException {
        String call = "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";
        says(tags, "<think>\nI could " + call + "\n</think>\n\n" + call);
        JsonNode answer = ask(tags, TOOL);
        assertThat(message(answer).get("reasoning_content").stringValue()).isEqualTo("I could " + call);
        assertThat(message(answer).get("content").isNull()).isTrue();
        assertThat(message(answer).get("tool_calls")).hasSize(1);
        assertThat(answer.at("/choices/0/finish_reason").stringValue()).isEqualTo("tool_calls");
        assertThat(streamed(tags, TOOL, "content")).isEmpty();
        assertThat(streamed(tags, TOOL, "reasoning_content")).isEqualTo("I could " + call);
    }

    @Test
    void earlierThoughtsReachTheTemplateByEitherName() throws Exception {
        for (String name : List.of("reasoning_content", "reasoning")) {
            says(tags, "Yes.");
            tags.http()
                    .post(
                            "/v1/chat/completions",
                            "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\""
                                    + name + "\":\"Hm.\",\"content\":\"Ho\"},{\"role\":\"user\",\"content\":\"?\"}]}");
            int[] prompt = tags.dispatcher().next().submission.prompt();
            assertThat(tags.tokenizer().decode(prompt, false)).contains("assistant: <think>Hm.</think>Ho\n");
        }
    }

    @Test
    void channelsAreTold() throws IOException {
        says(channels, "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Ho.");
        JsonNode answer = ask(channels, "");
        assertThat(message(answer).get("reasoning_content").stringValue()).isEqualTo("Hm.");
        assertThat(message(answer).get("content").stringValue()).isEqualTo("Ho.");
        assertThat(streamed(channels, "", "reasoning_content")).isEqualTo("Hm.");
        assertThat(streamed(channels, "", "content")).isEqualTo("Ho.");
    }

    @Test
    void logprobsAreOfEveryToken() throws IOException {
        int[] tokens = tags.tokenizer().encode("<think>Hm.</think>Ho.", false);
        tags.dispatcher().plays(call -> {
            call.admits();
            for (int i = 0; i < tokens.length; i++) {
                call.sink.token(
                        i, tokens[i], TokenLogprob.newBuilder().setLogprob(-1).build());
            }
            call.finishes(Finish.Reason.STOP);
        });
        JsonNode answer = ask(tags, "\"logprobs\":true");
        assertThat(answer.at("/choices/0/logprobs/content")).hasSize(tokens.length);
        long inStream = Arrays.stream(tags.http()
                        .post("/v1/chat/completions", body("\"logprobs\":true,\"stream\":true"))
                        .body()
                        .split("\"logprob\":"))
                .count();
        assertThat(inStream - 1).isEqualTo(tokens.length);
    }
}
