package dev.baton.gateway.openai;

import dev.baton.gateway.json.JsonText;
import dev.baton.gateway.toolcalls.ToolFormat;
import dev.baton.grammar.Grammar;
import dev.baton.grammar.GrammarException;
import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.Structures;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The tools that an answer may call.
 *
 * @param shown as templates take them
 * @param tools that may be called: all of them, or the one that must be
 * @param forced a call must be made
 * @param parallel several calls may be made
 */
record ToolRequest(List<Map<String, @Nullable Object>> shown, List<Tool> tools, boolean forced, boolean parallel) {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int MAX_TOOLS = 128;
    private static final String NO_ARGUMENTS = "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}";

    /** @param param how errors name its parameters */
    record Tool(String name, @Nullable JsonNode parameters, boolean strict, String param) {}

    /** Null when there are none, or when the client forbids their use. */
    static @Nullable ToolRequest read(JsonFields body) {
        List<JsonNode> given = body.array("tools", MAX_TOOLS);
        List<Map<String, @Nullable Object>> shown = new ArrayList<>(given.size());
        List<Tool> all = new ArrayList<>(given.size());
        for (int i = 0; i < given.size(); i++) {
            JsonNode tool = given.get(i);
            String param = "tools[" + i + "]";
            if (!tool.isObject() || !tool.path("type").asString("").equals("function")) {
                throw JsonFields.invalid(param, "`" + param + "` must be an object of type function.");
            }
            all.add(tool(new JsonFields(tool, param + ".").object("function"), param + ".function"));
            shown.add(JsonFields.toMap(tool));
        }
        JsonNode choice = body.node("tool_choice");
        String mode = choice == null ? "auto" : choice.isString() ? choice.stringValue() : "named";
        boolean parallel = body.flag("parallel_tool_calls", true);
        return switch (mode) {
            case "none" -> null;
            case "auto" -> all.isEmpty() ? null : new ToolRequest(shown, all, false, parallel);
            case "required" -> {
                if (all.isEmpty()) {
                    throw JsonFields.invalid("tool_choice", "`tool_choice` required needs `tools`.");
                }
                yield new ToolRequest(shown, all, true, parallel);
            }
            default -> new ToolRequest(shown, List.of(named(body, all)), true, false);
        };
    }

    private static Tool tool(@Nullable JsonFields function, String param) {
        if (function == null) {
            throw JsonFields.invalid(param + ".name", "`" + param + ".name` is required.");
        }
        String name = function.requiredString("name");
        function.string("description");
        function.object("parameters");
        return new Tool(name, function.node("parameters"), function.flag("strict", false), param + ".parameters");
    }

    private static Tool named(JsonFields body, List<Tool> all) {
        JsonNode choice = body.node("tool_choice");
        JsonFields chosen = choice != null && choice.isObject() ? body.object("tool_choice") : null;
        String type = chosen == null ? null : chosen.string("type");
        JsonFields function = chosen == null || !"function".equals(type) ? null : chosen.object("function");
        if (function == null) {
            throw JsonFields.invalid(
                    "tool_choice", "`tool_choice` must be none, auto, required or an object of type function.");
        }
        String name = function.requiredString("name");
        return all.stream()
                .filter(tool -> tool.name().equals(name))
                .findFirst()
                .orElseThrow(() -> JsonFields.invalid("tool_choice", "`tool_choice` names no function of `tools`."));
    }

    /** What the answer may be. */
    Structure structure(ToolFormat format) {
        Structures.Builder calls = Structures.newBuilder();
        for (Tool tool : tools) {
            calls.addOf(call(tool, format));
        }
        Structure call = Structure.newBuilder().setAnyOf(calls).build();
        return format.structure(call, parallel ? Integer.MAX_VALUE : 1, forced);
    }

    private static Structure call(Tool tool, ToolFormat format) {
        String before = "{\"name\": " + JsonText.quote(tool.name()) + ", \"" + format.argumentsKey() + "\": ";
        Structure.Builder part = Structure.newBuilder();
        return Structure.newBuilder()
                .setSequence(Structures.newBuilder()
                        .addOf(part.setLiteral(before).build())
                        .addOf(arguments(tool))
                        .addOf(part.setLiteral("}").build()))
                .build();
    }

    /** What is not strict is any object where its schema cannot be guaranteed. */
    private static Structure arguments(Tool tool) {
        JsonNode parameters = tool.parameters();
        String schema = parameters == null ? NO_ARGUMENTS : JSON.writeValueAsString(parameters);
        Structure exact = Structure.newBuilder().setJsonSchema(schema).build();
        Structure any = Structure.newBuilder().setJsonObject(true).build();
        if (parameters != null && !parameters.has("type") && !parameters.has("properties")) {
            return any;
        }
        try {
            Grammar.of(exact);
            return exact;
        } catch (GrammarException e) {
            if (tool.strict()) {
                throw JsonFields.invalid(tool.param(), String.valueOf(e.getMessage()));
            }
            return any;
        }
    }

    /** The conversation with the tools described in its system message, for templates that have no place for them. */
    List<Map<String, @Nullable Object>> describedIn(List<Map<String, @Nullable Object>> messages) {
        StringBuilder text = new StringBuilder("You can call these functions:\n");
        shown.forEach(tool ->
                text.append(JSON.writeValueAsString(tool.get("function"))).append('\n'));
        text.append("Answer with a call: {\"name\": the function's name, \"arguments\": an object of its arguments}");
        List<Map<String, @Nullable Object>> all = new ArrayList<>(messages);
        Map<String, @Nullable Object> first = new LinkedHashMap<>();
        boolean hasSystem = "system".equals(messages.getFirst().get("role"));
        first.put("role", "system");
        first.put("content", hasSystem ? messages.getFirst().get("content") + "\n\n" + text : text.toString());
        if (hasSystem) {
            all.set(0, first);
        } else {
            all.addFirst(first);
        }
        return all;
    }
}
