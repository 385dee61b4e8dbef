package dev.baton.gateway.openai;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The body of {@code POST /v1/chat/completions}, with messages in the form that chat templates expect: content is one
 * string, arguments of tool calls are objects.
 */
record ChatRequest(
        List<Map<String, @Nullable Object>> messages,
        @Nullable List<Map<String, @Nullable Object>> tools,
        Map<String, @Nullable Object> templateVariables,
        OptionsReader.Options options) {
    /** Names of the fields that are read. */
    static final Set<String> FIELDS = OptionsReader.fieldsAnd(
            "messages",
            "tools",
            "tool_choice",
            "logprobs",
            "top_logprobs",
            "modalities",
            "prediction",
            "reasoning_effort",
            "chat_template_kwargs");

    private static final int MAX_MESSAGES = 4096;
    private static final int MAX_TOOLS = 128;
    private static final int MAX_TOP_LOGPROBS = 20;

    static ChatRequest read(JsonFields body, OptionsReader reader) {
        body.unsupported("prediction");
        modalities(body);
        boolean logprobs = body.flag("logprobs", false);
        Integer top = body.integer("top_logprobs", 0, MAX_TOP_LOGPROBS);
        if (top != null && top > 0 && !logprobs) {
            throw JsonFields.invalid("top_logprobs", "`top_logprobs` needs `logprobs: true`.");
        }
        Integer wanted = logprobs ? (Integer) (top == null ? 0 : top) : null;
        return new ChatRequest(messages(body), tools(body), templateVariables(body), reader.read(body, wanted));
    }

    private static void modalities(JsonFields body) {
        for (JsonNode modality : body.array("modalities", 4)) {
            if (!modality.asString("").equals("text")) {
                throw JsonFields.invalid("modalities", "`modalities` other than text are not supported.");
            }
        }
    }

    private static List<Map<String, @Nullable Object>> messages(JsonFields body) {
        List<JsonNode> given = body.array("messages", MAX_MESSAGES);
        if (given.isEmpty()) {
            throw JsonFields.invalid("messages", "`messages` is required and must not be empty.");
        }
        List<Map<String, @Nullable Object>> messages = new ArrayList<>(given.size());
        for (int i = 0; i < given.size(); i++) {
            messages.add(Messages.read(given.get(i), "messages[" + i + "]"));
        }
        return messages;
    }

    /** Null when there are none, or when the client forbids their use. */
    private static @Nullable List<Map<String, @Nullable Object>> tools(JsonFields body) {
        List<JsonNode> given = body.array("tools", MAX_TOOLS);
        boolean allowed = toolChoiceAllows(body);
        if (given.isEmpty() || !allowed) {
            return null;
        }
        List<Map<String, @Nullable Object>> tools = new ArrayList<>(given.size());
        for (int i = 0; i < given.size(); i++) {
            JsonNode tool = given.get(i);
            String param = "tools[" + i + "]";
            if (!tool.isObject() || !tool.path("type").asString("").equals("function")) {
                throw JsonFields.invalid(param, "`" + param + "` must be an object of type function.");
            }
            if (tool.path("function").path("name").asString("").isEmpty()) {
                throw JsonFields.invalid(param + ".function.name", "`" + param + ".function.name` is required.");
            }
            tools.add(JsonFields.toMap(tool));
        }
        return tools;
    }

    private static boolean toolChoiceAllows(JsonFields body) {
        JsonNode choice = body.node("tool_choice");
        if (choice == null) {
            return true;
        }
        String text = choice.asString("");
        if (choice.isString() && (text.equals("auto") || text.equals("none"))) {
            return text.equals("auto");
        }
        throw JsonFields.invalid(
                "tool_choice",
                "`tool_choice` other than auto or none is not supported yet: output cannot be constrained to a tool call"
                        + " here.");
    }

    private static Map<String, @Nullable Object> templateVariables(JsonFields body) {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        String effort = body.string("reasoning_effort");
        if (effort != null) {
            variables.put("reasoning_effort", effort);
        }
        JsonNode kwargs = body.node("chat_template_kwargs");
        if (kwargs != null) {
            if (!kwargs.isObject()) {
                throw body.wrongType("chat_template_kwargs", "an object", kwargs);
            }
            variables.putAll(JsonFields.toMap(kwargs));
        }
        return variables;
    }
}
