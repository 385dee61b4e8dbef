package dev.baton.gateway.openai;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a response repeats of its request. It is held until the answer has been sent, so nothing is repeated that was not
 * checked, and texts that change nothing are short.
 */
final class RepeatedMembers {
    /** Members of a function that may be called. */
    static final List<String> FUNCTION = List.of("name", "description", "parameters", "strict");

    /** Members of the schema that an answer follows. */
    static final List<String> SCHEMA = List.of("name", "description", "schema", "strict");

    private static final JsonMapper JSON = JsonMapper.shared();

    /** Characters of a text by which a client knows its users and requests. */
    private static final int LONGEST_LABEL = 256;

    /** Characters of a name of OpenAI's: of an effort, of a kind of summary. */
    private static final int LONGEST_NAME = 64;

    private static final int MOST_METADATA = 16;
    private static final int LONGEST_KEY = 64;
    private static final int LONGEST_VALUE = 512;
    private static final List<String> LABELS = List.of("prompt_cache_key", "safety_identifier", "user");
    private static final List<String> REASONING = List.of("effort", "summary", "generate_summary");
    private static final List<String> FORMAT =
            Stream.concat(Stream.of("type"), SCHEMA.stream()).toList();

    private RepeatedMembers() {}

    /** Refuses what cannot be repeated and is checked nowhere else. */
    static void check(JsonFields body) {
        LABELS.forEach(name -> body.shortString(name, LONGEST_LABEL));
        JsonFields metadata = body.object("metadata");
        if (metadata != null) {
            metadata.requireStrings(MOST_METADATA);
            metadata.names().forEach(key -> {
                if (key.length() > LONGEST_KEY) {
                    throw JsonFields.invalid(
                            "metadata", "Keys of `metadata` may have at most " + LONGEST_KEY + " characters.");
                }
                metadata.shortString(key, LONGEST_VALUE);
            });
        }
        JsonFields reasoning = body.object("reasoning");
        if (reasoning != null) {
            reasoning.allow(Set.copyOf(REASONING));
            REASONING.forEach(name -> reasoning.shortString(name, LONGEST_NAME));
        }
        JsonFields text = body.object("text");
        if (text != null) {
            text.allow(Set.of("format", "verbosity"));
            text.shortString("verbosity", LONGEST_NAME);
            JsonFields format = text.object("format");
            if (format != null) {
                format.allow(Set.copyOf(FORMAT));
            }
        }
    }

    /** JSON without braces, of a request that was checked and made a chat. */
    static String of(JsonFields body) {
        ObjectNode all = JSON.createObjectNode();
        all.put("background", false);
        all.putNull("previous_response_id");
        all.put("store", false);
        all.put("truncation", "disabled");
        all.put("top_logprobs", 0);
        Stream.concat(Stream.of("instructions", "max_output_tokens", "service_tier"), LABELS.stream())
                .forEach(name -> all.set(name, or(body.node(name), "null")));
        all.set("metadata", or(body.node("metadata"), "{}"));
        all.set("parallel_tool_calls", or(body.node("parallel_tool_calls"), "true"));
        all.set("temperature", or(body.node("temperature"), "null"));
        all.set("top_p", or(body.node("top_p"), "null"));
        JsonNode choice = body.node("tool_choice");
        all.set(
                "tool_choice",
                choice != null && choice.isObject() ? some(choice, List.of("type", "name")) : or(choice, "\"auto\""));
        ArrayNode tools = all.putArray("tools");
        for (JsonNode tool : body.array("tools", ToolRequest.MAX_TOOLS)) {
            tools.addObject().put("type", "function").setAll(some(tool, FUNCTION));
        }
        all.set("reasoning", reasoning(body.node("reasoning")));
        all.set("text", text(body.node("text")));
        return all.properties().stream()
                .map(member -> "\"" + member.getKey() + "\":" + JSON.writeValueAsString(member.getValue()))
                .collect(Collectors.joining(","));
    }

    private static JsonNode or(@Nullable JsonNode given, String otherwise) {
        return given == null ? JSON.readTree(otherwise) : given;
    }

    private static ObjectNode reasoning(@Nullable JsonNode given) {
        ObjectNode reasoning = JSON.createObjectNode().putNull("effort").putNull("summary");
        return given == null ? reasoning : reasoning.setAll(some(given, REASONING));
    }

    private static ObjectNode text(@Nullable JsonNode given) {
        ObjectNode text = JSON.createObjectNode();
        JsonNode format = given == null ? null : given.get("format");
        if (format != null && format.isObject()) {
            boolean schema = format.path("type").asString("").equals("json_schema");
            text.set("format", some(format, schema ? FORMAT : List.of("type")));
        } else {
            text.putObject("format").put("type", "text");
        }
        return given == null ? text : text.setAll(some(given, List.of("verbosity")));
    }

    /** The members of these names that are there. */
    static ObjectNode some(JsonNode object, List<String> names) {
        ObjectNode some = JSON.createObjectNode();
        for (String name : names) {
            JsonNode value = object.get(name);
            if (value != null) {
                some.set(name, value);
            }
        }
        return some;
    }
}
