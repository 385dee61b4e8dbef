package dev.baton.tokenizer;

import dev.baton.tokenizer.template.ChatTemplate;
import dev.baton.tokenizer.template.JsonText;
import dev.baton.tokenizer.template.RenderedText;
import dev.baton.tokenizer.template.TemplateException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A model's chat templates with the names that they find: what {@code apply_chat_template} of transformers is given. */
final class ChatFormat {
    /** Roles are a choice among these; another one is text like all else. */
    private static final Set<String> ROLES =
            Set.of("system", "developer", "user", "assistant", "tool", "function", "model", "ipython");

    private static final Set<String> TAKEN = Set.of(
            "messages",
            "tools",
            "add_generation_prompt",
            "raise_exception",
            "strftime_now",
            "range",
            "namespace",
            "dict",
            "joiner",
            "cycler",
            "lipsum",
            "loop",
            "caller",
            "self",
            "bos_token",
            "eos_token",
            "unk_token",
            "sep_token",
            "pad_token",
            "cls_token",
            "mask_token",
            "additional_special_tokens");

    private static final List<String> REASONING = List.of("reasoning_content", "thinking", "reasoning");

    private final Map<String, ChatTemplate> templates;
    private final Map<String, String> specialTokens;
    private final ControlTokens control;
    private final Clock clock;

    ChatFormat(
            Map<String, ChatTemplate> templates,
            Map<String, String> specialTokens,
            ControlTokens control,
            Clock clock) {
        this.templates = templates;
        this.specialTokens = specialTokens;
        this.control = control;
        this.clock = clock;
    }

    boolean present() {
        return !templates.isEmpty();
    }

    boolean mentions(String text) {
        return templates.values().stream().anyMatch(template -> template.mentions(text));
    }

    /** Whether a name means something to every template, so that a request cannot give it another meaning. */
    boolean isTaken(String name) {
        return TAKEN.contains(name) || specialTokens.containsKey(name);
    }

    RenderedText render(ChatPrompt prompt) {
        Map<String, @Nullable Object> names = new HashMap<>();
        prompt.variables().forEach((name, value) -> {
            if (isTaken(name)) {
                throw TemplateException.whole("a request cannot set `" + name + "`");
            }
            names.put(name, value);
        });
        specialTokens.forEach((name, token) -> names.put(name, RenderedText.own(token)));
        names.put(
                "messages",
                prompt.messages().stream().map(this::asTemplatesSeeIt).toList());
        names.putIfAbsent("documents", null);
        names.put("tools", prompt.tools());
        names.put("add_generation_prompt", prompt.addGenerationPrompt());
        return choose(prompt).render(names, clock);
    }

    /**
     * As transformers hands it over: keys without a value are left out, and reasoning is found under the name that
     * templates read, whichever of its three names it came with. Said with it is what in a message is not the request's
     * text: its role, and the tags among the model's own words.
     */
    private Map<String, @Nullable Object> asTemplatesSeeIt(Map<String, ? extends @Nullable Object> message) {
        Map<String, @Nullable Object> seen = new LinkedHashMap<>();
        boolean byModel = "assistant".equals(message.get("role"));
        message.forEach((key, value) -> {
            if (value != null) {
                seen.put(key, byModel ? wordsOfTheModel(value) : value);
            }
        });
        if (message.get("role") instanceof String role && ROLES.contains(role)) {
            seen.put("role", RenderedText.own(role));
        }
        Optional<String> given = REASONING.stream().filter(seen::containsKey).findFirst();
        if (given.isPresent()) {
            Object reasoning = seen.get(given.get());
            seen.putIfAbsent("thinking", reasoning);
            seen.put("reasoning_content", reasoning);
        }
        return seen;
    }

    private @Nullable Object wordsOfTheModel(@Nullable Object value) {
        return switch (value) {
            case String text -> control.wordsOfTheModel(text);
            case JsonText json -> {
                Map<String, @Nullable Object> words = new LinkedHashMap<>();
                json.object().forEach((key, item) -> words.put(key, wordsOfTheModel(item)));
                yield new JsonText(control.wordsOfTheModel(json.text().text()), words);
            }
            case List<?> items -> {
                List<@Nullable Object> words = new ArrayList<>();
                items.forEach(item -> words.add(wordsOfTheModel(item)));
                yield words;
            }
            case Map<?, ?> map -> {
                Map<Object, @Nullable Object> words = new LinkedHashMap<>();
                map.forEach((key, item) -> words.put(key, wordsOfTheModel(item)));
                yield words;
            }
            case null, default -> value;
        };
    }

    private ChatTemplate choose(ChatPrompt prompt) {
        ChatTemplate forTools = prompt.tools() == null ? null : templates.get("tool_use");
        ChatTemplate template = forTools != null ? forTools : templates.get("default");
        if (template == null) {
            throw TemplateException.whole(
                    templates.isEmpty()
                            ? "this model has none, so it takes no chat: send a plain prompt, or add"
                                    + " chat_template.jinja to its folder"
                            : "this model has none named default, only " + String.join(", ", templates.keySet()));
        }
        return template;
    }
}
