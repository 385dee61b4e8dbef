package dev.baton.gateway.openai;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.POJONode;

/**
 * The body of {@code POST /v1/completions}.
 *
 * @param echo the prompt is said before the answer, which may have no tokens then
 */
record CompletionRequest(List<Prompt> prompts, boolean echo, OptionsReader.Options options) {
    /** Names of the fields that are read. */
    static final Set<String> FIELDS = OptionsReader.fieldsAnd("prompt", "logprobs", "echo");

    private static final Set<String> OWN = Set.of("echo");
    private static final int MOST_ECHOED_LOGPROBS = 5;

    private static final int MAX_PROMPTS = 64;

    /** Text, or token ids. */
    sealed interface Prompt {}

    record Text(String text) implements Prompt {}

    record Tokens(int[] ids) implements Prompt {}

    static CompletionRequest read(JsonFields body, OptionsReader reader, int vocabulary) {
        boolean echo = body.flag("echo", false);
        Integer logprobs = body.integer("logprobs", 0, echo ? MOST_ECHOED_LOGPROBS : 20);
        return new CompletionRequest(prompts(body, vocabulary), echo, reader.read(body, logprobs, OWN, echo ? 0 : 1));
    }

    private static List<Prompt> prompts(JsonFields body, int vocabulary) {
        JsonNode prompt = body.node("prompt");
        if (prompt == null) {
            throw JsonFields.invalid("prompt", "`prompt` is required.");
        }
        if (prompt.isString()) {
            return List.of(text(prompt));
        }
        if (prompt.isPojo()) {
            return List.of(tokens(prompt, vocabulary));
        }
        if (!prompt.isArray() || prompt.isEmpty()) {
            throw wrong(prompt);
        }
        if (prompt.get(0).isNumber()) {
            return List.of(tokens(prompt, vocabulary));
        }
        List<Prompt> prompts = new ArrayList<>();
        for (JsonNode element : body.array("prompt", MAX_PROMPTS)) {
            prompts.add(element.isString() ? text(element) : tokens(element, vocabulary));
        }
        return prompts;
    }

    private static Prompt text(JsonNode node) {
        if (node.stringValue().isEmpty()) {
            throw JsonFields.invalid("prompt", "`prompt` must not be empty.");
        }
        return new Text(node.stringValue());
    }

    private static Prompt tokens(JsonNode node, int vocabulary) {
        if (!node.isPojo() && (!node.isArray() || node.isEmpty())) {
            throw wrong(node);
        }
        return new Tokens(ids("prompt", node, vocabulary));
    }

    /** A row of token ids. */
    static int[] ids(String param, JsonNode node, int vocabulary) {
        if (node instanceof POJONode row && row.getPojo() instanceof RequestJson.Ids ids) {
            for (int id : ids.values()) {
                JsonFields.inRange(param, id, 0, vocabulary - 1L);
            }
            return ids.values();
        }
        if (!node.isArray()) {
            throw JsonFields.invalid(
                    param, "`" + param + "` must be an array of token ids, not " + JsonFields.described(node) + ".");
        }
        int[] ids = new int[node.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) JsonFields.whole(param, elementOf(node, i), 0, vocabulary - 1L);
        }
        return ids;
    }

    private static JsonNode elementOf(JsonNode node, int i) {
        @Nullable JsonNode element = node.get(i);
        if (element == null) {
            throw wrong(node);
        }
        return element;
    }

    private static RuntimeException wrong(JsonNode node) {
        return JsonFields.invalid(
                "prompt",
                "`prompt` must be a string, an array of strings, an array of token ids or an array of such arrays, not "
                        + JsonFields.described(node) + ".");
    }
}
