package dev.baton.tokenizer;

import dev.baton.tokenizer.template.JsonText;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a chat template is given. Values are those of JSON: String, Boolean, Integer, Long, BigInteger, Double, List, Map
 * with String keys, null, and {@link JsonText}. Maps keep the order of the request, which {@code tojson} shows.
 *
 * @param tools null when the request names none
 * @param addGenerationPrompt ends the text where the assistant begins to speak
 * @param variables more names for the template ({@code chat_template_kwargs}); none that templates find anyway
 */
public record ChatPrompt(
        List<? extends Map<String, ? extends @Nullable Object>> messages,
        @Nullable List<? extends Map<String, ? extends @Nullable Object>> tools,
        boolean addGenerationPrompt,
        Map<String, ? extends @Nullable Object> variables) {
    public ChatPrompt {
        messages = List.copyOf(messages);
        tools = tools == null ? null : List.copyOf(tools);
        variables = new LinkedHashMap<>(variables);
    }

    public static ChatPrompt of(List<? extends Map<String, ? extends @Nullable Object>> messages) {
        return new ChatPrompt(messages, null, true, Map.of());
    }

    /** The field that holds a text, as a request names it; {@code messages} when it stands in none of them as a whole. */
    String placeOf(String text) {
        String found = place("messages", messages, text);
        if (found == null) {
            found = place("tools", tools, text);
        }
        if (found == null) {
            found = place("chat_template_kwargs", variables, text);
        }
        return found == null ? "messages" : found;
    }

    private static @Nullable String place(String name, @Nullable Object value, String text) {
        return switch (value) {
            case String s -> s.contains(text) ? name : null;
            case JsonText json -> json.text().text().contains(text) ? name : place(name, json.object(), text);
            case List<?> items -> {
                for (int i = 0; i < items.size(); i++) {
                    String found = place(name + "[" + i + "]", items.get(i), text);
                    if (found != null) {
                        yield found;
                    }
                }
                yield null;
            }
            case Map<?, ?> map -> {
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    boolean inKey = entry.getKey() instanceof String key && key.contains(text);
                    String found = inKey ? name : place(name + "." + entry.getKey(), entry.getValue(), text);
                    if (found != null) {
                        yield found;
                    }
                }
                yield null;
            }
            case null, default -> null;
        };
    }
}
