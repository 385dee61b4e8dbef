package dev.baton.gateway.openai;

import dev.baton.gateway.error.ApiError;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The messages of a chat that {@code instructions} and {@code input} stand for. */
final class ResponsesInput {
    private final ArrayNode messages = JsonMapper.shared().createArrayNode();

    /** For each message the part of the request that it comes from. */
    private final List<String> origins = new ArrayList<>();

    /** Texts of the system message at the start. */
    private final List<String> opening = new ArrayList<>();

    private ResponsesInput() {}

    /** @param messages in a chat's form */
    record Messages(ArrayNode messages, List<String> origins) {
        /** The part of the request that a message comes from. */
        String origin(int message) {
            return message < origins.size() ? origins.get(message) : "input";
        }
    }

    static Messages messages(JsonFields body) {
        ResponsesInput input = new ResponsesInput();
        input.read(body);
        return new Messages(input.whole(), input.origins);
    }

    private void read(JsonFields body) {
        String instructions = body.string("instructions");
        if (instructions != null) {
            message("system", "instructions");
            opening.add(instructions);
        }
        JsonNode input = body.node("input");
        if (input == null) {
            throw JsonFields.invalid("input", "`input` is required.");
        }
        if (input.isString()) {
            message("user", "input").put("content", input.stringValue());
            return;
        }
        if (!input.isArray()) {
            throw body.wrongType("input", "a string or an array", input);
        }
        List<JsonNode> items = body.array("input", 4096);
        for (int i = 0; i < items.size(); i++) {
            item(items.get(i), "input[" + i + "]");
        }
    }

    private ArrayNode whole() {
        if (!opening.isEmpty() && messages.get(0) instanceof ObjectNode first) {
            first.put("content", String.join("\n\n", opening));
        }
        return messages;
    }

    private ObjectNode message(String role, String origin) {
        origins.add(origin);
        return messages.addObject().put("role", role);
    }

    private void item(JsonNode node, String param) {
        if (!node.isObject()) {
            throw JsonFields.invalid(
                    param, "`" + param + "` must be an object, not " + JsonFields.described(node) + ".");
        }
        JsonFields item = new JsonFields(node, param + ".");
        String type = item.string("type");
        switch (type == null ? "message" : type) {
            case "message" -> said(item, param);
            case "reasoning" -> reasoning(item, param);
            case "function_call" -> called(item, param);
            case "function_call_output" ->
                message("tool", param)
                        .put("tool_call_id", item.requiredString("call_id"))
                        .put("content", text(item, "output"));
            default ->
                throw JsonFields.invalid(
                        param + ".type",
                        "`" + param + ".type` must be message, reasoning, function_call or function_call_output, not "
                                + ApiError.shortened(String.valueOf(type)) + ".");
        }
    }

    private void said(JsonFields item, String param) {
        String role = item.requiredString("role");
        String text = text(item, "content");
        boolean system = role.equals("system") || role.equals("developer");
        JsonNode before = messages.isEmpty() ? null : messages.get(messages.size() - 1);
        if (system && messages.isEmpty()) {
            message(role, param);
            opening.add(text);
        } else if (system && messages.size() == 1 && !opening.isEmpty()) {
            // Templates know one system message, at the start.
            opening.add(text);
        } else if (role.equals("assistant") && before instanceof ObjectNode thought && isOpen(thought)) {
            thought.put("content", text);
        } else {
            message(role, param).put("content", text);
        }
    }

    /** Whether it is the model's and has only been thought yet. */
    private static boolean isOpen(ObjectNode message) {
        return message.path("role").asString("").equals("assistant")
                && !message.has("content")
                && !message.has("tool_calls");
    }

    private void reasoning(JsonFields item, String param) {
        StringBuilder thought = new StringBuilder();
        for (String field : List.of("content", "summary")) {
            for (JsonNode part : item.array(field, 256)) {
                thought.append(thought.isEmpty() ? "" : "\n")
                        .append(part.path("text").asString(""));
            }
            if (!thought.isEmpty()) {
                break;
            }
        }
        if (!thought.isEmpty()) {
            message("assistant", param).put("reasoning_content", thought.toString());
        }
    }

    /** Calls that follow each other, and what was said or thought before them, are one message of the model. */
    private void called(JsonFields item, String param) {
        JsonNode before = messages.isEmpty() ? null : messages.get(messages.size() - 1);
        ObjectNode message = before instanceof ObjectNode open
                        && open.path("role").asString("").equals("assistant")
                ? open
                : message("assistant", param);
        ArrayNode calls = message.get("tool_calls") instanceof ArrayNode known ? known : message.putArray("tool_calls");
        ObjectNode call =
                calls.addObject().put("id", item.requiredString("call_id")).put("type", "function");
        String arguments = item.string("arguments");
        call.putObject("function")
                .put("name", item.requiredString("name"))
                .put("arguments", arguments == null ? "" : arguments);
    }

    /** A string, or parts that are text. */
    private static String text(JsonFields item, String field) {
        JsonNode content = item.node(field);
        if (content == null) {
            throw JsonFields.invalid(item.name(field), "`" + item.name(field) + "` is required.");
        }
        if (content.isString()) {
            return content.stringValue();
        }
        if (!content.isArray()) {
            throw item.wrongType(field, "a string or an array of text parts", content);
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < content.size(); i++) {
            JsonNode part = content.get(i);
            String param = item.name(field) + "[" + i + "]";
            String type = part.path("type").asString("");
            JsonNode text = switch (type) {
                case "input_text", "output_text", "text" -> part.path("text");
                case "refusal" -> part.path("refusal");
                default ->
                    throw JsonFields.invalid(
                            param,
                            "Content parts of type "
                                    + (type.isEmpty() ? "(none)" : ApiError.shortened(type))
                                    + " are not supported: this model reads text only.");
            };
            if (!text.isString()) {
                throw JsonFields.invalid(param + ".text", "`" + param + ".text` must be a string.");
            }
            texts.add(text.stringValue());
        }
        return String.join("\n", texts);
    }
}
