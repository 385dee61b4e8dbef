package dev.baton.tokenizer;

import dev.baton.tokenizer.template.ChatTemplate;
import dev.baton.tokenizer.template.TemplateException;
import java.time.Clock;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A model's chat templates with the names that they find: what {@code apply_chat_template} of transformers is given. */
final class ChatFormat {
    private static final List<String> REASONING = List.of("reasoning_content", "thinking", "reasoning");

    private final Map<String, ChatTemplate> templates;
    private final Map<String, String> specialTokens;
    private final Clock clock;

    ChatFormat(Map<String, ChatTemplate> templates, Map<String, String> specialTokens, Clock clock) {
        this.templates = templates;
        this.specialTokens = specialTokens;
        this.clock = clock;
    }

    boolean present() {
        return !templates.isEmpty();
    }

    String render(ChatPrompt prompt) {
        Map<String, @Nullable Object> names = new HashMap<>(specialTokens);
        names.putAll(prompt.variables());
        names.put(
                "messages",
                prompt.messages().stream().map(ChatFormat::asTemplatesSeeIt).toList());
        names.put("tools", prompt.tools());
        names.put("documents", prompt.variables().get("documents"));
        names.put("add_generation_prompt", prompt.addGenerationPrompt());
        return choose(prompt).render(names, clock);
    }

    /**
     * As transformers hands it over: keys without a value are left out, and reasoning is found under the name that
     * templates read, whichever of its three names it came with.
     */
    private static Map<String, @Nullable Object> asTemplatesSeeIt(Map<String, ? extends @Nullable Object> message) {
        Map<String, @Nullable Object> seen = new LinkedHashMap<>();
        message.forEach((key, value) -> {
            if (value != null) {
                seen.put(key, value);
            }
        });
        Optional<String> given = REASONING.stream().filter(seen::containsKey).findFirst();
        if (given.isPresent()) {
            Object reasoning = seen.get(given.get());
            seen.putIfAbsent("thinking", reasoning);
            seen.put("reasoning_content", reasoning);
        }
        return seen;
    }

    private ChatTemplate choose(ChatPrompt prompt) {
        ChatTemplate forTools = prompt.tools() == null ? null : templates.get("tool_use");
        ChatTemplate template = forTools != null ? forTools : templates.get("default");
        if (template == null) {
            throw TemplateException.whole(
                    "this model has none, so it takes no chat: send a plain prompt, or add chat_template.jinja to its folder");
        }
        return template;
    }
}
