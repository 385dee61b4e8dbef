package dev.baton.gateway.openai;

import dev.baton.gateway.toolcalls.ToolFormat;
import dev.baton.tokenizer.ModelTokenizer;
import dev.baton.tokenizer.template.JsonText;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Tools, calls and results as text of messages, for templates that have no place for them. */
final class ToolsAsText {
    private static final JsonMapper JSON = JsonMapper.shared();

    private ToolsAsText() {}

    /**
     * With the tools described: in the system message, or before the first words of the user where the template knows
     * nothing of tools, since such templates may know no system message either.
     */
    static List<Map<String, @Nullable Object>> described(
            List<Map<String, @Nullable Object>> tools,
            ToolFormat format,
            List<Map<String, @Nullable Object>> messages) {
        StringBuilder text = new StringBuilder("You can call these functions:\n");
        tools.forEach(tool ->
                text.append(JSON.writeValueAsString(tool.get("function"))).append('\n'));
        text.append(format.instruction());
        if (format.described()) {
            text.append(" and nothing else. Else answer in words.");
        }
        String description = text.toString().stripTrailing();
        List<Map<String, @Nullable Object>> all = new ArrayList<>(messages);
        if (format.described()) {
            int first = firstOf("user", messages);
            if (first < 0) {
                all.add(message("user", description));
            } else {
                all.set(first, message("user", description + "\n\n" + content(messages.get(first))));
            }
        } else if ("system".equals(messages.getFirst().get("role"))) {
            all.set(0, message("system", content(messages.getFirst()) + "\n\n" + description));
        } else {
            all.addFirst(message("system", description));
        }
        return all;
    }

    private static int firstOf(String role, List<Map<String, @Nullable Object>> messages) {
        for (int i = 0; i < messages.size(); i++) {
            if (role.equals(messages.get(i).get("role"))) {
                return i;
            }
        }
        return -1;
    }

    /** With calls and their results as text where the model's template would refuse them. */
    static List<Map<String, @Nullable Object>> readable(
            List<Map<String, @Nullable Object>> messages, ModelTokenizer tokenizer) {
        if (!hasTurnsOfTools(messages)) {
            return messages;
        }
        return ToolFormat.of(tokenizer)
                .filter(ToolFormat::described)
                .map(format -> turns(messages, format))
                .orElse(messages);
    }

    private static boolean hasTurnsOfTools(List<Map<String, @Nullable Object>> messages) {
        for (Map<String, @Nullable Object> message : messages) {
            if (isResult(message) || message.containsKey("tool_calls")) {
                return true;
            }
        }
        return false;
    }

    private static boolean isResult(Map<String, @Nullable Object> message) {
        return "tool".equals(message.get("role")) || "function".equals(message.get("role"));
    }

    /** With calls as what the assistant said, and their results as what the user says, together with what follows. */
    private static List<Map<String, @Nullable Object>> turns(
            List<Map<String, @Nullable Object>> messages, ToolFormat format) {
        Map<Object, String> names = new HashMap<>();
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        StringBuilder results = new StringBuilder();
        for (Map<String, @Nullable Object> message : messages) {
            if (isResult(message)) {
                Object name = message.getOrDefault("name", names.get(message.get("tool_call_id")));
                results.append(results.isEmpty() ? "" : "\n")
                        .append(name == null ? "Result" : "Result of " + name)
                        .append(": ")
                        .append(content(message));
            } else if (!results.isEmpty() && "user".equals(message.get("role"))) {
                all.add(message("user", results + "\n\n" + content(message)));
                results.setLength(0);
            } else {
                if (!results.isEmpty()) {
                    all.add(message("user", results.toString()));
                    results.setLength(0);
                }
                all.add(
                        message.get("tool_calls") instanceof List<?> calls && !calls.isEmpty()
                                ? message("assistant", withCalls(content(message), calls, format, names))
                                : message);
            }
        }
        if (!results.isEmpty()) {
            all.add(message("user", results.toString()));
        }
        return all;
    }

    private static String withCalls(String said, List<?> calls, ToolFormat format, Map<Object, String> names) {
        StringBuilder text = new StringBuilder(said);
        for (Object each : calls) {
            if (each instanceof Map<?, ?> call && call.get("function") instanceof Map<?, ?> function) {
                String name = String.valueOf(function.get("name"));
                if (call.get("id") instanceof String id) {
                    names.put(id, name);
                }
                text.append(text.isEmpty() ? "" : "\n").append(format.written(name, arguments(function)));
            }
        }
        return text.toString();
    }

    private static String arguments(Map<?, ?> function) {
        return switch (function.get("arguments")) {
            case JsonText json ->
                json.text().text().isBlank() ? "{}" : json.text().text();
            case String text -> text;
            case null -> "{}";
            case Object other -> JSON.writeValueAsString(other);
        };
    }

    private static String content(Map<String, @Nullable Object> message) {
        return message.get("content") instanceof String text ? text : "";
    }

    private static Map<String, @Nullable Object> message(String role, String content) {
        Map<String, @Nullable Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }
}
