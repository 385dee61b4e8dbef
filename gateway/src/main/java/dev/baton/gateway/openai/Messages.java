package dev.baton.gateway.openai;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads one chat message. */
final class Messages {
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant", "tool", "function");
    private static final JsonMapper JSON = JsonMapper.shared();

    private Messages() {}

    /** @param param how errors name the message, such as {@code messages[2]} */
    static Map<String, @Nullable Object> read(JsonNode node, String param) {
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
        for (String field : List.of("name", "tool_call_id", "reasoning_content")) {
            String value = message.string(field);
            if (value != null) {
                plain.put(field, value);
            }
        }
        if (calls) {
            plain.put("tool_calls", toolCalls(message));
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

    private static List<Map<String, @Nullable Object>> toolCalls(JsonFields message) {
        List<Map<String, @Nullable Object>> calls = new ArrayList<>();
        for (JsonNode call : message.array("tool_calls", 128)) {
            String name = message.name("tool_calls");
            if (!call.isObject()
                    || call.path("function").path("name").asString("").isEmpty()) {
                throw JsonFields.invalid(name, "`" + name + "` must hold objects with `function.name`.");
            }
            Map<String, @Nullable Object> plain = JsonFields.toMap(call);
            Map<String, @Nullable Object> function = JsonFields.toMap(call.path("function"));
            if (function.get("arguments") instanceof String json) {
                function.put("arguments", arguments(json, name));
            }
            plain.put("function", function);
            calls.add(plain);
        }
        return calls;
    }

    /** Clients send arguments as JSON text, templates want the object. */
    private static Object arguments(String json, String param) {
        if (json.isBlank()) {
            return Map.of();
        }
        try {
            JsonNode parsed = JSON.readTree(json);
            return parsed.isObject() ? JsonFields.toMap(parsed) : json;
        } catch (JacksonException e) {
            throw JsonFields.invalid(param, "`" + param + "` has arguments that are not JSON.");
        }
    }
}
