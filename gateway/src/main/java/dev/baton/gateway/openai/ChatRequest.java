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
 * string, arguments of tool calls are objects where they can be read as such.
 *
 * @param tools that the answer may call, null for none
 */
record ChatRequest(
        List<Map<String, @Nullable Object>> messages,
        @Nullable ToolRequest tools,
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
            "reasoning_effort",
            "documents",
            "chat_template_kwargs");

    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant", "tool", "function");
    private static final int MAX_MESSAGES = 4096;
    private static final int MAX_DOCUMENTS = 1024;
    private static final int MAX_TOP_LOGPROBS = 20;

    static ChatRequest read(JsonFields body, OptionsReader reader) {
        modalities(body);
        boolean logprobs = body.flag("logprobs", false);
        Integer top = body.integer("top_logprobs", 0, MAX_TOP_LOGPROBS);
        if (top != null && top > 0 && !logprobs) {
            throw JsonFields.invalid("top_logprobs", "`top_logprobs` needs `logprobs: true`.");
        }
        Integer wanted = logprobs ? (Integer) (top == null ? 0 : top) : null;
        ToolRequest tools = ToolRequest.read(body);
        if (tools != null) {
            OptionsReader.refuseBeside("tools", body);
        }
        return new ChatRequest(messages(body), tools, templateVariables(body), reader.read(body, wanted));
    }

    private static void modalities(JsonFields body) {
        for (JsonNode modality : body.array("modalities", 4)) {
            if (!modality.isString() || !modality.stringValue().equals("text")) {
                throw JsonFields.invalid("modalities", "`modalities` other than text are not supported.");
            }
        }
    }

    static List<Map<String, @Nullable Object>> messages(JsonFields body) {
        List<JsonNode> given = body.array("messages", MAX_MESSAGES);
        if (given.isEmpty()) {
            throw JsonFields.invalid("messages", "`messages` is required and must not be empty.");
        }
        List<Map<String, @Nullable Object>> messages = new ArrayList<>(given.size());
        for (int i = 0; i < given.size(); i++) {
            messages.add(message(given.get(i), "messages[" + i + "]"));
        }
        return messages;
    }

    /** @param param how errors name the message, such as {@code messages[2]} */
    private static Map<String, @Nullable Object> message(JsonNode node, String param) {
        if (!node.isObject()) {
            throw JsonFields.invalid(
                    param, "`" + param + "` must be an object, not " + JsonFields.described(node) + ".");
        }
        JsonFields message = new JsonFields(node, param + ".");
        String role = message.requiredString("role");
        if (!ROLES.contains(role)) {
            throw JsonFields.invalid(
                    param + ".role",
                    "`" + param + ".role` must be system, developer, user, assistant or tool, not " + role + ".");
        }
        Map<String, @Nullable Object> plain = new LinkedHashMap<>();
        // Templates know the newer name `developer` for what they call `system` only rarely.
        plain.put("role", role.equals("developer") ? "system" : role);
        String content = content(message, param);
        boolean calls = message.has("tool_calls");
        if (content == null && !calls && !role.equals("assistant")) {
            throw JsonFields.invalid(param + ".content", "`" + param + ".content` is required.");
        }
        plain.put("content", content == null && !calls ? "" : content);
        message.string("refusal");
        message.unsupported("audio");
        message.unsupported("function_call");
        for (String field : List.of("name", "tool_call_id", "reasoning_content", "reasoning", "thinking")) {
            String value = message.string(field);
            if (value != null) {
                plain.put(field, value);
            }
        }
        if (calls) {
            plain.put("tool_calls", ToolCalls.read(message));
        }
        return plain;
    }

    private static @Nullable String content(JsonFields message, String param) {
        JsonNode content = message.node("content");
        if (content == null) {
            return null;
        }
        if (content.isString()) {
            return content.stringValue();
        }
        if (!content.isArray()) {
            throw message.wrongType("content", "a string or an array of text parts", content);
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < content.size(); i++) {
            JsonNode part = content.get(i);
            String type = part.path("type").asString("");
            if (!type.equals("text") && !type.equals("refusal")) {
                throw JsonFields.invalid(
                        param + ".content[" + i + "]",
                        "Content parts of type " + (type.isEmpty() ? "(none)" : type)
                                + " are not supported: this model reads text only.");
            }
            JsonNode text = part.path(type);
            if (!text.isString()) {
                throw JsonFields.invalid(
                        param + ".content[" + i + "]." + type,
                        "`" + param + ".content[" + i + "]." + type + "` must be a string.");
            }
            texts.add(text.stringValue());
        }
        return String.join("\n", texts);
    }

    static Map<String, @Nullable Object> templateVariables(JsonFields body) {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        String effort = body.string("reasoning_effort");
        if (effort != null) {
            variables.put("reasoning_effort", effort);
        }
        List<JsonNode> documents = body.array("documents", MAX_DOCUMENTS);
        List<Map<String, @Nullable Object>> given = new ArrayList<>();
        for (int i = 0; i < documents.size(); i++) {
            if (!documents.get(i).isObject()) {
                throw JsonFields.invalid("documents[" + i + "]", "`documents[" + i + "]` must be an object.");
            }
            given.add(JsonFields.toMap(documents.get(i)));
        }
        if (!given.isEmpty()) {
            variables.put("documents", given);
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
