package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletionAssistantMessageParam;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionNamedToolChoice;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import dev.baton.grammar.Grammar;
import dev.baton.grammar.TokenGrammar;
import dev.baton.grammar.TokenMatcher;
import dev.baton.grammar.Vocabulary;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Structure;
import dev.baton.tokenizer.TokenSpellings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/**
 * The official Java client calls tools of models that write calls otherwise than in tags: answers in the form that each
 * family writes are allowed by the mask, read as calls, and shown to the model again.
 */
class ToolFamiliesTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Map<Family, EdgeServer> SERVERS = new EnumMap<>(Family.class);

    @TempDir
    private static Path folders;

    /** A family's tokens, the part of its template that matters, what it says with two calls, and history as it sees it. */
    enum Family {
        DEEPSEEK_V3(
                false,
                List.of(
                        "<｜tool▁calls▁begin｜>",
                        "<｜tool▁calls▁end｜>",
                        "<｜tool▁call▁begin｜>",
                        "<｜tool▁call▁end｜>",
                        "<｜tool▁sep｜>"),
                """
                {%- for m in messages %}
                {%- if m['role'] == 'tool' %}{{ '<result>' + m['content'] }}
                {%- elif m['tool_calls'] is defined %}{{ '<｜tool▁calls▁begin｜>' }}
                {%- for c in m['tool_calls'] %}
                {{- '<｜tool▁call▁begin｜>' + c['type'] + '<｜tool▁sep｜>' + c['function']['name'] }}
                {{- '\\n```json\\n' + c['function']['arguments'] + '\\n```<｜tool▁call▁end｜>' }}
                {%- endfor %}{{ '<｜tool▁calls▁end｜>' }}
                {%- else %}{{ m['role'] + ': ' + m['content'] }}{% endif %}{% endfor %}""",
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{\"city\": \"Rome\"}\n"
                        + "```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n"
                        + "{\"city\": \"O}\\\"{\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{\"city\":\"Rome\"}\n"
                        + "```<｜tool▁call▁end｜><｜tool▁calls▁end｜><result>rain"),
        DEEPSEEK_V31(
                false,
                List.of("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>"),
                """
                {%- for m in messages %}
                {%- if m['role'] == 'tool' %}{{ '<result>' + m['content'] }}
                {%- elif m['tool_calls'] is defined %}{{ '<｜tool▁calls▁begin｜>' }}
                {%- for c in m['tool_calls'] %}
                {{- '<｜tool▁call▁begin｜>' + c['function']['name'] + '<｜tool▁sep｜>' + c['function']['arguments'] }}
                {{- '<｜tool▁call▁end｜>' }}
                {%- endfor %}{{ '<｜tool▁calls▁end｜>' }}
                {%- else %}{{ m['role'] + ': ' + m['content'] }}{% endif %}{% endfor %}""",
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{\"city\": \"Rome\"}<｜tool▁call▁end｜>"
                        + "<｜tool▁call▁begin｜>weather<｜tool▁sep｜>{\"city\": \"O}\\\"{\"}<｜tool▁call▁end｜>"
                        + "<｜tool▁calls▁end｜>",
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{\"city\":\"Rome\"}<｜tool▁call▁end｜>"
                        + "<｜tool▁calls▁end｜><result>rain"),
        MISTRAL_V11(
                true,
                List.of("[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"),
                """
                {%- if tools %}{{ tools | tojson }}{% endif %}
                {%- for m in messages %}
                {%- if m['role'] == 'tool' %}{{ '<result>' + m['content'] }}
                {%- elif m['tool_calls'] is defined %}
                {%- for c in m['tool_calls'] %}
                {{- '[TOOL_CALLS]' + c.function.name + '[CALL_ID]' + c.id + '[ARGS]' + c.function.arguments | tojson }}
                {%- endfor %}
                {%- else %}{{ m['role'] + ': ' + m['content'] }}{% endif %}{% endfor %}""",
                "[TOOL_CALLS]weather[CALL_ID]aB3dE6gH9[ARGS]{\"city\": \"Rome\"}"
                        + "[TOOL_CALLS]weather[CALL_ID]012345678[ARGS]{\"city\": \"O}\\\"{\"}",
                "[TOOL_CALLS]weather[CALL_ID]abcdefghi[ARGS]{\"city\": \"Rome\"}<result>rain"),
        MISTRAL_V13(
                true,
                List.of("[TOOL_CALLS]", "[ARGS]"),
                """
                {%- if tools %}{{ tools | tojson }}{% endif %}
                {%- for m in messages %}
                {%- if m['role'] == 'tool' %}{{ '<result>' + m['content'] }}
                {%- elif m['tool_calls'] is defined %}
                {%- for c in m['tool_calls'] %}
                {{- '[TOOL_CALLS]' + c.function.name + '[ARGS]' + c.function.arguments | tojson }}
                {%- endfor %}
                {%- else %}{{ m['role'] + ': ' + m['content'] }}{% endif %}{% endfor %}""",
                "[TOOL_CALLS]weather[ARGS]{\"city\": \"Rome\"}[TOOL_CALLS]weather[ARGS]{\"city\": \"O}\\\"{\"}",
                "[TOOL_CALLS]weather[ARGS]{\"city\": \"Rome\"}<result>rain"),
        GEMMA(
                true,
                List.of("<start_of_turn>", "<end_of_turn>"),
                """
                {%- for m in messages %}
                {%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}{% endif %}
                {{- '<start_of_turn>' + m['role'] + '\\n' + m['content'] + '<end_of_turn>\\n' }}
                {%- endfor %}{{ '<start_of_turn>model\\n' }}""",
                "```json\n{\"name\": \"weather\", \"parameters\": {\"city\": \"Rome\"}}\n"
                        + "{\"name\": \"weather\", \"parameters\": {\"city\": \"O}\\\"{\"}}\n```",
                "<start_of_turn>assistant\n{\"name\": \"weather\", \"parameters\": {\"city\":\"Rome\"}}<end_of_turn>\n"
                        + "<start_of_turn>user\nResult of weather: rain<end_of_turn>");

        private final boolean special;
        private final List<String> tokens;
        private final String template;
        private final String answer;
        private final String history;

        Family(boolean special, List<String> tokens, String template, String answer, String history) {
            this.special = special;
            this.tokens = tokens;
            this.template = template;
            this.answer = answer;
            this.history = history;
        }

        /** The demo model's folder with the family's tokens and template. */
        private Path folder() throws IOException {
            Path folder = Files.createDirectories(folders.resolve(name()));
            for (String file : List.of("tokenizer_config.json", "generation_config.json", "config.json")) {
                Files.copy(EdgeServer.MODEL_FOLDER.resolve(file), folder.resolve(file));
            }
            Files.writeString(folder.resolve("chat_template.jinja"), template);
            JsonNode tokenizer = JSON.readTree(Files.readString(EdgeServer.MODEL_FOLDER.resolve("tokenizer.json")));
            ArrayNode added = (ArrayNode) tokenizer.path("added_tokens");
            int next = 1024;
            for (String token : tokens) {
                added.addObject()
                        .put("id", next++)
                        .put("content", token)
                        .put("special", special)
                        .put("single_word", false)
                        .put("lstrip", false)
                        .put("rstrip", false)
                        .put("normalized", false);
            }
            Files.writeString(folder.resolve("tokenizer.json"), tokenizer.toString());
            return folder;
        }
    }

    @AfterAll
    static void stop() {
        SERVERS.values().forEach(EdgeServer::close);
    }

    private static EdgeServer server(Family family) throws IOException {
        if (!SERVERS.containsKey(family)) {
            SERVERS.put(family, EdgeServer.start(family.folder(), "--edge.context=4096"));
        }
        return SERVERS.get(family);
    }

    private static ChatCompletionCreateParams.Builder weather(String name) {
        return ChatCompletionCreateParams.builder()
                .model("demo")
                .addUserMessage("How is the weather in Rome?")
                .addTool(ChatCompletionFunctionTool.builder()
                        .function(FunctionDefinition.builder()
                                .name(name)
                                .parameters(FunctionParameters.builder()
                                        .putAdditionalProperty("type", JsonValue.from("object"))
                                        .putAdditionalProperty(
                                                "properties", JsonValue.from(Map.of("city", Map.of("type", "string"))))
                                        .putAdditionalProperty("required", JsonValue.from(List.of("city")))
                                        .build())
                                .build())
                        .build());
    }

    @ParameterizedTest
    @EnumSource
    void readsParallelCallsAsTheyStream(Family family) throws Exception {
        EdgeServer server = server(family);
        String said = family == Family.GEMMA ? "" : "Let me see.";
        int[] answer = server.tokenizer().encode(said + family.answer, false);
        server.dispatcher().plays(call -> {
            call.admits().says(answer);
            call.finishes(Finish.Reason.STOP);
        });
        StringBuilder text = new StringBuilder();
        StringBuilder calls = new StringBuilder();
        OpenAIClient client = server.openAi();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(weather("weather").build())) {
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
        } finally {
            client.close();
        }
        assertThat(text).hasToString(said);
        assertThat(calls).hasToString("|0weather{\"city\": \"Rome\"}|1weather{\"city\": \"O}\\\"{\"}#tool_calls");
        ScriptedDispatcher.Call call = server.dispatcher().next();
        assertThat(server.tokenizer().decode(call.submission.prompt(), false)).contains("\"city\"");
        assertThat(allows(family, Objects.requireNonNull(call.submission.structure()), answer))
                .isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void aForcedCallIsTheWholeAnswer(Family family) throws Exception {
        EdgeServer server = server(family);
        server.dispatcher().plays(call -> {
            call.admits();
            call.finishes(Finish.Reason.LENGTH);
        });
        OpenAIClient client = server.openAi();
        client.chat()
                .completions()
                .create(weather("weather")
                        .toolChoice(
                                ChatCompletionToolChoiceOption.ofNamedToolChoice(ChatCompletionNamedToolChoice.builder()
                                        .function(ChatCompletionNamedToolChoice.Function.builder()
                                                .name("weather")
                                                .build())
                                        .build()))
                        .build());
        client.close();
        Structure structure =
                Objects.requireNonNull(server.dispatcher().next().submission.structure());
        assertThat(allows(family, structure, server.tokenizer().encode("Let me see.", false)))
                .as("words")
                .isFalse();
        assertThat(allows(family, structure, server.tokenizer().encode(family.answer, false)))
                .as("two calls")
                .isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void showsEarlierCallsAndTheirResults(Family family) throws Exception {
        EdgeServer server = server(family);
        server.dispatcher().plays(call -> {
            call.admits();
            call.finishes(Finish.Reason.STOP);
        });
        OpenAIClient client = server.openAi();
        client.chat()
                .completions()
                .create(weather("weather")
                        .addMessage(ChatCompletionAssistantMessageParam.builder()
                                .addToolCall(ChatCompletionMessageFunctionToolCall.builder()
                                        .id("abcdefghi")
                                        .function(ChatCompletionMessageFunctionToolCall.Function.builder()
                                                .name("weather")
                                                .arguments("{\"city\":\"Rome\"}")
                                                .build())
                                        .build())
                                .build())
                        .addMessage(ChatCompletionToolMessageParam.builder()
                                .toolCallId("abcdefghi")
                                .content("rain")
                                .build())
                        .build());
        client.close();
        int[] prompt = server.dispatcher().next().submission.prompt();
        assertThat(server.tokenizer().decode(prompt, false)).contains(family.history);
    }

    @Test
    void aNameThatCannotBeToldFromWhatFollowsIsRefused() throws Exception {
        OpenAIClient client = server(Family.MISTRAL_V13).openAi();
        assertThatThrownBy(() ->
                        client.chat().completions().create(weather("a[ARGS]{}").build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("tools[0].function.name");
        client.close();
    }

    private static boolean allows(Family family, Structure structure, int[] answer) throws IOException {
        TokenSpellings spellings = TokenSpellings.read(folders.resolve(family.name()));
        TokenMatcher matcher = new TokenGrammar(
                        Grammar.of(structure), new Vocabulary(spellings.bytes(), spellings.special()))
                .matcher();
        for (int token : answer) {
            if (!matcher.allows(token)) {
                return false;
            }
            matcher.accept(token);
        }
        return matcher.complete();
    }
}
