package dev.baton.gateway.openai;

import dev.baton.tokenizer.template.JsonText;
import dev.baton.tokenizer.template.RenderedText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The tool calls of an earlier answer. Their arguments are the model's own words: where they are no JSON object, cut off for
 * instance, templates get the text, and the conversation goes on.
 */
final class ToolCalls {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int MOST_CALLS = 128;

    /** Values and nesting of arguments that are handed on as an object; beyond that they are text. */
    private static final int MOST_VALUES = 50_000;

    private static final int DEEPEST = 64;

    private ToolCalls() {}

    static List<Map<String, @Nullable Object>> read(JsonFields message) {
        List<Map<String, @Nullable Object>> calls = new ArrayList<>();
        List<JsonNode> given = message.array("tool_calls", MOST_CALLS);
        for (int i = 0; i < given.size(); i++) {
            calls.add(call(given.get(i), message.name("tool_calls") + "[" + i + "]"));
        }
        return calls;
    }

    private static Map<String, @Nullable Object> call(JsonNode node, String param) {
        if (!node.isObject()) {
            throw JsonFields.invalid(
                    param, "`" + param + "` must be an object, not " + JsonFields.described(node) + ".");
        }
        JsonFields call = new JsonFields(node, param + ".");
        call.string("id");
        String type = call.string("type");
        if (type != null && !type.equals("function")) {
            throw JsonFields.invalid(param + ".type", "`" + param + ".type` must be function.");
        }
        JsonFields function = call.object("function");
        if (function == null) {
            throw JsonFields.invalid(param + ".function", "`" + param + ".function` is required.");
        }
        function.requiredString("name");
        JsonNode arguments = function.node("arguments");
        if (arguments != null && !arguments.isString() && !arguments.isObject()) {
            throw function.wrongType("arguments", "JSON text or an object", arguments);
        }
        Map<String, @Nullable Object> plain = JsonFields.toMap(node);
        Map<String, @Nullable Object> named = JsonFields.toMap(node.path("function"));
        if (arguments != null && arguments.isString()) {
            named.put("arguments", arguments(arguments.stringValue()));
        }
        plain.put("function", named);
        return plain;
    }

    /** Clients send text; templates want the object in it, or the text. */
    private static Object arguments(String text) {
        RenderedText asGiven = RenderedText.requested(text);
        if (text.isBlank()) {
            return new JsonText(asGiven, Map.of());
        }
        try {
            if (isUsable(text)) {
                return new JsonText(asGiven, JsonFields.toMap(JSON.readTree(text)));
            }
        } catch (JacksonException notJson) {
            // The text is what there is.
        }
        return text;
    }

    /** Whether it is one object of bounded size, of whole characters. */
    private static boolean isUsable(String text) {
        try (JsonParser parser = JSON.createParser(text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            int depth = 1;
            for (int values = 0; depth > 0; values++) {
                JsonToken token = parser.nextToken();
                if (token == null || values > MOST_VALUES || depth > DEEPEST) {
                    return false;
                }
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                boolean spelled = token == JsonToken.VALUE_STRING || token == JsonToken.PROPERTY_NAME;
                if (spelled && !RequestJson.isWhole(parser.getString())) {
                    return false;
                }
            }
            return parser.nextToken() == null;
        }
    }
}
