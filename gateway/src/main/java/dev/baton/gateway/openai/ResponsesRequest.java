package dev.baton.gateway.openai;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The body of {@code POST /v1/responses} as the chat that it stands for. Nothing is stored, so each request brings all of its
 * conversation.
 */
final class ResponsesRequest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int MAX_TOOLS = 128;

    /** Chat's fields that mean the same here. */
    private static final Set<String> SAME = Set.of(
            "model",
            "stream",
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "seed",
            "stop",
            "presence_penalty",
            "frequency_penalty",
            "repetition_penalty",
            "parallel_tool_calls",
            "service_tier",
            "metadata",
            "user",
            "prompt_cache_key",
            "prompt_cache_retention",
            "safety_identifier",
            "chat_template_kwargs");

    /** OpenAI's that are not supported, with the values that ask for nothing. */
    private static final Map<String, List<String>> REFUSED = Map.of(
            "background", List.of("false"),
            "conversation", List.of(),
            "max_tool_calls", List.of(),
            "moderation", List.of(),
            "previous_response_id", List.of(),
            "prompt", List.of(),
            "top_logprobs", List.of("0"),
            "truncation", List.of("disabled"),
            "context_management", List.of());

    private static final Set<String> OWN = Set.of(
            "input",
            "instructions",
            "max_output_tokens",
            "text",
            "reasoning",
            "tools",
            "tool_choice",
            "include",
            "store",
            "stream_options");

    /** Names of the fields that are read. */
    static final Set<String> FIELDS = fields();

    /** How errors name here what chat calls otherwise. */
    private static final Map<String, String> NAMES = Map.of(
            "max_completion_tokens", "max_output_tokens",
            "reasoning_effort", "reasoning.effort",
            "response_format.json_schema.", "text.format.",
            "response_format.json_schema", "text.format",
            "response_format.type", "text.format.type",
            "response_format", "text.format");

    private static final Pattern MESSAGE = Pattern.compile("messages\\[(\\d+)]");

    private final JsonFields body;
    private final ObjectNode chat = JSON.createObjectNode();
    private final ArrayNode messages = chat.putArray("messages");

    /** For each message the part of the request that it comes from. */
    private final List<String> origins = new ArrayList<>();

    private ResponsesRequest(JsonFields body) {
        this.body = body;
    }

    private static Set<String> fields() {
        Set<String> all = new HashSet<>(SAME);
        all.addAll(REFUSED.keySet());
        all.addAll(OWN);
        return Set.copyOf(all);
    }

    /** The fields that a schema of the request names. */
    static Set<String> described() {
        Set<String> all = new HashSet<>(SAME);
        all.addAll(OWN);
        return all;
    }

    static ResponsesRequest read(JsonFields body) {
        ResponsesRequest request = new ResponsesRequest(body);
        request.translate();
        return request;
    }

    JsonFields chat() {
        return JsonFields.top(chat, ChatRequest.FIELDS);
    }

    /** An error of the chat in the words of this request. */
    ApiException inItsWords(ApiException error) {
        ApiError of = error.error();
        String param = of.param();
        if (param == null) {
            return error;
        }
        String named = named(param);
        return new ApiException(new ApiError(
                of.status(), of.type(), of.message().replace(param, named), named, of.code(), of.headers()));
    }

    private String named(String param) {
        Matcher message = MESSAGE.matcher(param);
        if (message.lookingAt()) {
            int index = Integer.parseInt(message.group(1));
            String rest = param.substring(message.end());
            return (index < origins.size() ? origins.get(index) : "input") + (rest.equals(".role") ? rest : "");
        }
        if (param.equals("messages")) {
            return "input";
        }
        for (String name : List.of(
                "response_format.json_schema.",
                "response_format.json_schema",
                "response_format.type",
                "response_format",
                "max_completion_tokens",
                "reasoning_effort")) {
            if (param.startsWith(name)) {
                return NAMES.get(name) + param.substring(name.length());
            }
        }
        return param.replace(".function.", ".");
    }

    private void translate() {
        REFUSED.forEach((name, harmless) -> body.unsupported(name, harmless.toArray(String[]::new)));
        if (body.flag("store", false)) {
            throw JsonFields.invalid("store", "`store` true is not supported: responses are not stored; send false.");
        }
        JsonFields streaming = body.object("stream_options");
        if (streaming != null) {
            streaming.flag("include_obfuscation", false);
        }
        for (JsonNode wanted : body.array("include", 16)) {
            if (!wanted.asString("").equals("reasoning.encrypted_content")) {
                throw JsonFields.invalid("include", "`include` may name nothing but reasoning.encrypted_content here.");
            }
        }
        for (String name : SAME) {
            copy(name, name);
        }
        copy("max_output_tokens", "max_completion_tokens");
        JsonFields reasoning = body.object("reasoning");
        if (reasoning != null) {
            reasoning.string("summary");
            reasoning.string("generate_summary");
            JsonNode effort = reasoning.node("effort");
            if (effort != null) {
                chat.set("reasoning_effort", effort);
            }
        }
        format();
        tools();
        input();
    }

    private void copy(String from, String to) {
        JsonNode value = body.node(from);
        if (value != null) {
            chat.set(to, value);
        }
    }

    private void format() {
        JsonFields text = body.object("text");
        if (text == null) {
            return;
        }
        text.unsupported("verbosity", "medium");
        JsonFields format = text.object("format");
        if (format == null) {
            return;
        }
        String type = format.requiredString("type");
        ObjectNode asked = chat.putObject("response_format").put("type", type);
        if (type.equals("json_schema")) {
            ObjectNode schema = asked.putObject("json_schema");
            for (String name : List.of("name", "description", "schema", "strict")) {
                JsonNode value = format.node(name);
                if (value != null) {
                    schema.set(name, value);
                }
            }
        }
    }

    private void tools() {
        List<JsonNode> given = body.array("tools", MAX_TOOLS);
        if (!given.isEmpty()) {
            ArrayNode tools = chat.putArray("tools");
            for (int i = 0; i < given.size(); i++) {
                JsonNode tool = given.get(i);
                if (!tool.path("type").asString("").equals("function")) {
                    throw JsonFields.invalid("tools[" + i + "]", "`tools[" + i + "]` must be of type function.");
                }
                ObjectNode function = ((ObjectNode) tool).deepCopy();
                function.remove("type");
                tools.addObject().put("type", "function").set("function", function);
            }
        }
        JsonNode choice = body.node("tool_choice");
        if (choice != null && choice.isObject()) {
            ObjectNode named = chat.putObject("tool_choice");
            named.put("type", choice.path("type").asString(""));
            named.putObject("function").set("name", choice.path("name"));
        } else if (choice != null) {
            chat.set("tool_choice", choice);
        }
    }

    private void input() {
        String instructions = body.string("instructions");
        if (instructions != null) {
            message("system", "instructions").put("content", instructions);
        }
        JsonNode input = body.node("input");
        if (input == null) {
            throw JsonFields.invalid("input", "`input` is required.");
        }
        if (input.isString()) {
            message("user", "input").put("content", input.stringValue());
            return;
        }
        List<JsonNode> items = body.array("input", 4096);
        for (int i = 0; i < items.size(); i++) {
            item(items.get(i), "input[" + i + "]");
        }
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
        if (system
                && messages.size() == 1
                && before != null
                && before.path("role").asString("").equals("system")) {
            // Templates know one system message, at the start.
            ((ObjectNode) before).put("content", before.path("content").asString("") + "\n\n" + text);
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

    /** What the answer repeats of the request, as JSON without braces. */
    String repeated() {
        ObjectNode all = JSON.createObjectNode();
        all.put("background", false);
        all.putNull("previous_response_id");
        all.put("store", false);
        all.put("truncation", "disabled");
        all.put("top_logprobs", 0);
        for (String name : List.of(
                "instructions", "max_output_tokens", "prompt_cache_key", "safety_identifier", "user", "service_tier")) {
            all.set(name, orNull(body.node(name)));
        }
        repeat(all, "metadata", "{}");
        repeat(all, "parallel_tool_calls", "true");
        repeat(all, "temperature", "null");
        repeat(all, "top_p", "null");
        repeat(all, "tool_choice", "\"auto\"");
        repeat(all, "tools", "[]");
        repeat(all, "reasoning", "{\"effort\":null,\"summary\":null}");
        repeat(all, "text", "{\"format\":{\"type\":\"text\"}}");
        String json = JSON.writeValueAsString(all);
        return json.substring(1, json.length() - 1);
    }

    private void repeat(ObjectNode all, String name, String otherwise) {
        JsonNode given = body.node(name);
        all.set(name, given == null ? JSON.readTree(otherwise) : given);
    }

    private static JsonNode orNull(@Nullable JsonNode node) {
        return node == null ? JSON.getNodeFactory().nullNode() : node;
    }
}
