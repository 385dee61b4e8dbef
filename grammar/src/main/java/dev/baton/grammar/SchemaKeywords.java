package dev.baton.grammar;

import dev.baton.grammar.NumberRange.Bound;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The keywords of JSON Schema that are known here, and typed access to them. */
final class SchemaKeywords {
    /** Say nothing about a value. */
    private static final Set<String> NOTES = Set.of(
            "title",
            "description",
            "default",
            "example",
            "examples",
            "deprecated",
            "readOnly",
            "writeOnly",
            "$schema",
            "$id",
            "$comment",
            "$defs",
            "definitions");

    /** With the type whose values they speak of. */
    static final Map<String, String> OF_TYPE = Map.ofEntries(
            Map.entry("properties", "object"),
            Map.entry("required", "object"),
            Map.entry("additionalProperties", "object"),
            Map.entry("items", "array"),
            Map.entry("prefixItems", "array"),
            Map.entry("minItems", "array"),
            Map.entry("maxItems", "array"),
            Map.entry("uniqueItems", "array"),
            Map.entry("minLength", "string"),
            Map.entry("maxLength", "string"),
            Map.entry("pattern", "string"),
            Map.entry("format", "string"),
            Map.entry("minimum", "number"),
            Map.entry("maximum", "number"),
            Map.entry("exclusiveMinimum", "number"),
            Map.entry("exclusiveMaximum", "number"));

    private static final Set<String> GENERAL = Set.of("type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref");

    private static final int MOST = 10_000;

    private SchemaKeywords() {}

    static void check(JsonNode schema) {
        for (Map.Entry<String, JsonNode> entry : schema.properties()) {
            String name = entry.getKey();
            boolean known = NOTES.contains(name) || GENERAL.contains(name) || OF_TYPE.containsKey(name);
            boolean off = name.equals("uniqueItems")
                    && entry.getValue().isBoolean()
                    && entry.getValue().booleanValue();
            if (!known || off) {
                throw new GrammarException("The JSON schema has the keyword `" + start(name)
                        + "`, which cannot be guaranteed here; leave it out.");
            }
        }
    }

    static String start(String name) {
        return name.length() <= 40 ? name : name.substring(0, 40) + "…";
    }

    /** Whether it has notes only. */
    static boolean saysNothing(JsonNode schema) {
        return schema.properties().stream().allMatch(entry -> NOTES.contains(entry.getKey()));
    }

    static boolean isNote(String keyword) {
        return NOTES.contains(keyword);
    }

    static ObjectNode without(JsonNode schema, String keyword) {
        ObjectNode rest = JsonNodeFactory.instance.objectNode();
        schema.properties().forEach(entry -> {
            if (!entry.getKey().equals(keyword) && !NOTES.contains(entry.getKey())) {
                rest.set(entry.getKey(), entry.getValue());
            }
        });
        return rest;
    }

    /** The types that values may have; where none is named, those that the keywords speak of. Empty for any. */
    static Set<String> types(JsonNode schema) {
        Set<String> types = new LinkedHashSet<>();
        JsonNode type = schema.path("type");
        if (type.isString()) {
            types.add(type.stringValue());
        } else if (type.isArray()) {
            type.forEach(one -> types.add(one.asString("")));
        } else if (!type.isMissingNode()) {
            throw wrong("type", "a string or an array of strings", type);
        } else if (!schema.has("enum") && !schema.has("const")) {
            schema.properties().forEach(entry -> {
                String spokenOf = OF_TYPE.get(entry.getKey());
                if (spokenOf != null) {
                    types.add(spokenOf);
                }
            });
        }
        if (types.contains("number")) {
            types.remove("integer");
        }
        return types;
    }

    static boolean isOf(String type, JsonNode value) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isString();
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            case "number" -> value.isNumber();
            case "integer" ->
                value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
            default -> false;
        };
    }

    static void refuseBesideLiterals(JsonNode schema) {
        for (String name : OF_TYPE.keySet()) {
            if (schema.has(name)) {
                throw new GrammarException(
                        "The JSON schema has `" + name + "` beside enum or const, which is not supported here.");
            }
        }
        if (schema.has("enum") && schema.has("const")) {
            throw new GrammarException("The JSON schema has const beside enum, which is not supported here.");
        }
    }

    static List<JsonNode> array(JsonNode schema, String keyword) {
        JsonNode value = schema.path(keyword);
        if (!value.isArray()) {
            throw wrong(keyword, "an array", value);
        }
        List<JsonNode> elements = new ArrayList<>(value.size());
        value.forEach(elements::add);
        return elements;
    }

    static List<JsonNode> nonEmptyArray(JsonNode schema, String keyword) {
        List<JsonNode> elements = array(schema, keyword);
        if (elements.isEmpty()) {
            throw wrong(keyword, "an array that is not empty", schema.path(keyword));
        }
        return elements;
    }

    /** Empty where the keyword is absent. */
    static JsonNode object(JsonNode schema, String keyword) {
        JsonNode value = schema.path(keyword);
        if (value.isMissingNode()) {
            return JsonNodeFactory.instance.objectNode();
        }
        if (!value.isObject()) {
            throw wrong(keyword, "an object", value);
        }
        return value;
    }

    static Set<String> names(JsonNode schema, String keyword) {
        Set<String> names = new LinkedHashSet<>();
        if (schema.has(keyword)) {
            for (JsonNode name : array(schema, keyword)) {
                if (!name.isString()) {
                    throw wrong(keyword, "an array of strings", schema.path(keyword));
                }
                names.add(name.stringValue());
            }
        }
        return names;
    }

    static int count(JsonNode schema, String keyword, int absent) {
        JsonNode value = schema.path(keyword);
        if (value.isMissingNode()) {
            return absent;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0 || value.intValue() > MOST) {
            throw wrong(keyword, "a whole number from 0 to " + MOST, value);
        }
        return value.intValue();
    }

    /** @param stricter 1 where a larger bound is stricter, −1 where a smaller one is */
    static @Nullable Bound bound(JsonNode schema, String including, String excluding, int stricter) {
        Bound with = bound(schema, including, true);
        Bound without = bound(schema, excluding, false);
        if (with == null || without == null) {
            return with == null ? without : with;
        }
        return with.value().compareTo(without.value()) * stricter > 0 ? with : without;
    }

    private static @Nullable Bound bound(JsonNode schema, String keyword, boolean included) {
        JsonNode value = schema.path(keyword);
        if (value.isMissingNode()) {
            return null;
        }
        if (!value.isNumber() || Math.abs(value.asDouble()) > 1e30) {
            throw wrong(keyword, "a number within 1e30", value);
        }
        return new Bound(value.decimalValue(), included);
    }

    static GrammarException wrong(String keyword, String wanted, JsonNode value) {
        return new GrammarException(
                "In the JSON schema `" + keyword + "` must be " + wanted + ", not " + SchemaReader.shown(value) + ".");
    }
}
