package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Structure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The official Java client calls tools of a model whose template writes calls in tags, and of one that knows none. */
class ToolCallsTest {
    private static EdgeServer server;
    private static EdgeServer plain;
    private static OpenAIClient client;
    private static OpenAIClient plainClient;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws IOException {
        Path model = EdgeServer.withTemplate(folder, """
            {%- if tools %}{% for t in tools %}{{ t | tojson }}{% endfor %}
            Answer with <tool_call>{"name": …, "arguments": …}</tool_call>{% endif %}
            {%- for m in messages %}{{ m.role + ': ' + m.content }}{% endfor %}\
            """);
        server = EdgeServer.start(model, "--edge.context=4096");
        client = server.openAi();
        plain = EdgeServer.start("--edge.context=4096");
        plainClient = plain.openAi();
    }

    @AfterAll
    static void stop() {
        client.close();
        plainClient.close();
        server.close();
        plain.close();
    }

    private static void says(EdgeServer by, String text) {
        by.dispatcher().plays(call -> {
            call.admits().says(by.tokenizer().encode(text, false));
            call.finishes(Finish.Reason.STOP);
        });
    }

    private static ChatCompletionCreateParams.Builder weather() {
        return ChatCompletionCreateParams.builder()
                .model("demo")
                .addUserMessage("How is the weather in Rome?")
                .addTool(ChatCompletionFunctionTool.builder()
                        .function(FunctionDefinition.builder()
                                .name("weather")
                                .parameters(FunctionParameters.builder()
                                        .putAdditionalProperty("type", JsonValue.from("object"))
                                        .putAdditionalProperty(
                                                "properties", JsonValue.from(Map.of("city", Map.of("type", "string"))))
                                        .putAdditionalProperty("required", JsonValue.from(List.of("city")))
                                        .build())
                                .build())
                        .build());
    }

    private static final String CALLS = "Let me see.\n"
            + "<tool_call>\n"
            + "{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}\n"
            + "</tool_call>\n"
            + "<tool_call>\n"
            + "{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n"
            + "</tool_call>";

    @Test
    void readsCallsOfAWholeAnswer() throws Exception {
        says(server, CALLS);
        ChatCompletion answer = client.chat().completions().create(weather().build());
        ChatCompletion.Choice choice = answer.choices().getFirst();
        assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
        assertThat(choice.message().content()).contains("Let me see.");
        List<ChatCompletionMessageFunctionToolCall> calls = choice.message().toolCalls().orElseThrow().stream()
                .map(call -> call.asFunction())
                .toList();
        assertThat(calls).extracting(call -> call.function().name()).containsExactly("weather", "weather");
        assertThat(calls)
                .extracting(call -> call.function().arguments())
                .containsExactly("{\"city\": \"Rome\"}", "{\"city\": \"Oslo\"}");
        assertThat(calls.get(0).id())
                .startsWith("call_")
                .isNotEqualTo(calls.get(1).id());
        Structure structure =
                Objects.requireNonNull(server.dispatcher().next().submission.structure());
        assertThat(structure.getAnyOf().getOf(0).getTextWithout()).isEqualTo("<tool_call>");
    }

    @Test
    void readsCallsAsTheyStream() {
        says(server, CALLS);
        StringBuilder text = new StringBuilder();
        StringBuilder calls = new StringBuilder();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(weather().build())) {
            stream.stream().flatMap(chunk -> chunk.choices().stream()).forEach(choice -> {
                choice.delta().content().ifPresent(text::append);
                for (ChatCompletionChunk.Choice.Delta.ToolCall call :
                        choice.delta().toolCalls().orElse(List.of())) {
                    call.id().ifPresent(id -> calls.append('|').append(call.index()));
                    call.function().orElseThrow().name().ifPresent(calls::append);
                    call.function().orElseThrow().arguments().ifPresent(calls::append);
                }
                choice.finishReason().ifPresent(reason -> calls.append('#').append(reason.asString()));
            });
        }
        assertThat(text).hasToString("Let me see.");
        assertThat(calls).hasToString("|0weather{\"city\": \"Rome\"}|1weather{\"city\": \"Oslo\"}#tool_calls");
    }

    @Test
    void aTextWithoutCallsEndsByStop() {
        says(server, "It is < 20 degrees. ");
        ChatCompletion.Choice choice =
                client.chat().completions().create(weather().build()).choices().getFirst();
        assertThat(choice.finishReason().asString()).isEqualTo("stop");
        assertThat(choice.message().content()).contains("It is < 20 degrees. ");
        assertThat(choice.message().toolCalls()).isEmpty();
    }

    @Test
    void aCallIsForcedWhereTheTemplateKnowsNone() throws Exception {
        says(plain, "{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}");
        ChatCompletion.Choice choice = plainClient
                .chat()
                .completions()
                .create(weather()
                        .toolChoice(ChatCompletionToolChoiceOption.ofAuto(ChatCompletionToolChoiceOption.Auto.REQUIRED))
                        .build())
                .choices()
                .getFirst();
        assertThat(choice.finishReason().asString()).isEqualTo("tool_calls");
        assertThat(choice.message().content()).isEmpty();
        assertThat(choice.message()
                        .toolCalls()
                        .orElseThrow()
                        .getFirst()
                        .asFunction()
                        .function()
                        .arguments())
                .isEqualTo("{\"city\": \"Rome\"}");
        ScriptedDispatcher.Call call = plain.dispatcher().next();
        assertThat(plain.tokenizer().decode(call.submission.prompt(), false)).contains("\"name\":\"weather\"");
        assertThat(call.submission.structure()).isNotNull();
    }

    @Test
    void whatATemplateCannotShowIsRefusedUnlessItIsForced() {
        assertThatThrownBy(
                        () -> plainClient.chat().completions().create(weather().build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("no form for calls");
    }
}
