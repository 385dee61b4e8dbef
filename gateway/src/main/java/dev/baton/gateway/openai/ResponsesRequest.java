package dev.baton.gateway.openai;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
    private final ResponsesInput.Messages input;

    private ResponsesRequest(JsonFields body) {
        this.body = body;
        translate();
        this.input = ResponsesInput.messages(body);
        chat.set("messages", input.messages());
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
        return new ResponsesRequest(body);
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
            return input.origin(index) + (rest.equals(".role") ? rest : "");
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
        RepeatedMembers.check(body);
        for (String name : SAME) {
            copy(name, name);
        }
        copy("max_output_tokens", "max_completion_tokens");
        JsonFields reasoning = body.object("reasoning");
        if (reasoning != null) {
            JsonNode effort = reasoning.node("effort");
            if (effort != null) {
                chat.set("reasoning_effort", effort);
            }
        }
        format();
        tools();
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
            for (String name : RepeatedMembers.SCHEMA) {
                JsonNode value = format.node(name);
                if (value != null) {
                    schema.set(name, value);
                }
            }
        }
    }

    private void tools() {
        List<JsonNode> given = body.array("tools", ToolRequest.MAX_TOOLS);
        if (!given.isEmpty()) {
            ArrayNode tools = chat.putArray("tools");
            for (int i = 0; i < given.size(); i++) {
                JsonNode tool = given.get(i);
                if (!tool.path("type").asString("").equals("function")) {
                    throw JsonFields.invalid("tools[" + i + "]", "`tools[" + i + "]` must be of type function.");
                }
                tools.addObject()
                        .put("type", "function")
                        .set("function", RepeatedMembers.some(tool, RepeatedMembers.FUNCTION));
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

    /** What the answer repeats of the request, as JSON without braces. */
    String repeated() {
        return RepeatedMembers.of(body);
    }
}
