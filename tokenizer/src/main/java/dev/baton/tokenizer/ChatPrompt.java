package dev.baton.tokenizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a chat template is given. Values are those of JSON: String, Boolean, Integer, Long, BigInteger, Double, List, Map
 * with String keys, null. Maps keep the order of the request, which {@code tojson} shows.
 *
 * @param tools null when the request names none
 * @param addGenerationPrompt ends the text where the assistant begins to speak
 * @param variables more names for the template ({@code chat_template_kwargs}); they may not replace the other three
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
}
