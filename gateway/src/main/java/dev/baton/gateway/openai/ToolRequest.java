package dev.baton.gateway.openai;

import dev.baton.gateway.toolcalls.ToolFormat;
import dev.baton.grammar.Grammar;
import dev.baton.protocol.v1.Structure;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    static final int MAX_TOOLS = 128;
    private static final Structure ANY =
            Structure.newBuilder().setJsonObject(true).build();
    private static final String NO_ARGUMENTS = "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}";

    /** @param param how errors name its parameters */
    record Tool(String name, @Nullable JsonNode parameters, boolean strict, String param) {
        /** What is not strict is any object where its schema is too long to be guaranteed. */
        private Structure arguments() {
            if (parameters != null && !parameters.has("type") && !parameters.has("properties")) {
                return ANY;
            }
            String schema = parameters == null ? NO_ARGUMENTS : JSON.writeValueAsString(parameters);
            if (!strict && schema.length() > Grammar.LONGEST_SCHEMA) {
                return ANY;
            }
            AnswerFormat.checkLength(schema, Grammar.LONGEST_SCHEMA, "A JSON schema", param);
            return Structure.newBuilder().setJsonSchema(schema).build();
        }
    }

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

    /**
     * What the answer may be.
     *
     * @param checked tells what can be guaranteed; null takes every schema as it is
     */
    Structure structure(ToolFormat format, boolean forced, @Nullable CheckedStructures checked) {
        List<Structure> arguments = tools.stream().map(Tool::arguments).toList();
        if (checked != null) {
            arguments = guaranteed(arguments, checked.faults(arguments));
        }
        List<Structure> calls = new ArrayList<>(tools.size());
        for (int i = 0; i < tools.size(); i++) {
            calls.add(format.call(tools.get(i).name(), arguments.get(i)));
        }
        return format.structure(calls, parallel ? Integer.MAX_VALUE : 1, forced);
    }

    /** What is not strict is any object where its schema cannot be guaranteed. */
    private List<Structure> guaranteed(List<Structure> arguments, List<Optional<String>> faults) {
        List<Structure> guaranteed = new ArrayList<>(arguments);
        for (int i = 0; i < tools.size(); i++) {
            String fault = faults.get(i).orElse(null);
            if (fault != null && tools.get(i).strict()) {
                throw JsonFields.invalid(tools.get(i).param(), fault);
            }
            if (fault != null) {
                guaranteed.set(i, ANY);
            }
        }
        return guaranteed;
    }

    /** Refuses names that cannot be told from what follows them. */
    void check(ToolFormat format) {
        for (Tool tool : tools) {
            if (!format.canWrite(tool.name())) {
                String param = tool.param().replaceFirst("parameters$", "name");
                throw JsonFields.invalid(
                        param,
                        "`" + param + "` may have no blanks and none of <, [ and { for this model, which writes names"
                                + " without quotes.");
            }
        }
    }
}
