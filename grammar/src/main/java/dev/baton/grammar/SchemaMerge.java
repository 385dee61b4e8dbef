package dev.baton.grammar;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What two schemas ask for together, where that can be said in one schema. */
final class SchemaMerge {
    private SchemaMerge() {}

    static JsonNode both(JsonNode one, JsonNode other) {
        if (!one.isObject() || !other.isObject()) {
            throw new GrammarException("The JSON schema combines a schema with one that is no object.");
        }
        ObjectNode result = JsonNodeFactory.instance.objectNode();
        one.properties().stream()
                .filter(entry -> !SchemaKeywords.isNote(entry.getKey()))
                .forEach(entry -> result.set(entry.getKey(), entry.getValue()));
        for (Map.Entry<String, JsonNode> entry : other.properties()) {
            String keyword = entry.getKey();
            if (SchemaKeywords.isNote(keyword)) {
                continue;
            }
            JsonNode known = result.get(keyword);
            if (known == null || known.equals(entry.getValue())) {
                result.set(keyword, entry.getValue());
            } else if (keyword.equals("required")) {
                result.set(keyword, union(known, entry.getValue()));
            } else if (keyword.equals("properties")) {
                result.set(keyword, members(known, entry.getValue()));
            } else {
                throw new GrammarException("The JSON schema asks for `" + keyword
                        + "` twice, in schemas that both hold, which is not supported here.");
            }
        }
        boolean closed = one.has("additionalProperties") || other.has("additionalProperties");
        if (closed
                && !one.path("properties").equals(other.path("properties"))
                && one.has("properties")
                && other.has("properties")) {
            throw new GrammarException("The JSON schema combines `additionalProperties` with `properties` of another"
                    + " schema, which is not supported here.");
        }
        return result;
    }

    private static JsonNode union(JsonNode one, JsonNode other) {
        Set<JsonNode> all = new LinkedHashSet<>();
        one.forEach(all::add);
        other.forEach(all::add);
        ArrayNode union = JsonNodeFactory.instance.arrayNode();
        all.forEach(union::add);
        return union;
    }

    private static JsonNode members(JsonNode one, JsonNode other) {
        ObjectNode all = JsonNodeFactory.instance.objectNode();
        one.properties().forEach(member -> all.set(member.getKey(), member.getValue()));
        other.properties().forEach(member -> {
            JsonNode known = all.get(member.getKey());
            all.set(member.getKey(), known == null ? member.getValue() : both(known, member.getValue()));
        });
        return all;
    }

    /** Exactly one of them holds only where no value satisfies two of them: by their types, or by a constant member. */
    static void refuseOverlap(List<JsonNode> branches) {
        for (int i = 0; i < branches.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (!areApart(branches.get(i), branches.get(j))) {
                    throw new GrammarException("The JSON schema has `oneOf` over schemas that one value may satisfy"
                            + " together; use anyOf, different types, or a required member with a const in each.");
                }
            }
        }
    }

    private static boolean areApart(JsonNode one, JsonNode other) {
        if (!one.isObject() || !other.isObject()) {
            return false;
        }
        Set<JsonNode> values = constants(one);
        Set<JsonNode> others = constants(other);
        if (!values.isEmpty() && !others.isEmpty()) {
            return values.stream().noneMatch(others::contains);
        }
        if (one.has("type") && other.has("type")) {
            Set<String> types = new HashSet<>(SchemaKeywords.types(one));
            types.addAll(types.contains("number") ? Set.of("integer") : Set.of());
            Set<String> more = new HashSet<>(SchemaKeywords.types(other));
            more.addAll(more.contains("number") ? Set.of("integer") : Set.of());
            types.retainAll(more);
            if (types.isEmpty()) {
                return true;
            }
        }
        for (String name : SchemaKeywords.names(one, "required")) {
            if (SchemaKeywords.names(other, "required").contains(name)) {
                Set<JsonNode> mine = constants(one.path("properties").path(name));
                Set<JsonNode> yours = constants(other.path("properties").path(name));
                if (!mine.isEmpty() && !yours.isEmpty() && mine.stream().noneMatch(yours::contains)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Set<JsonNode> constants(JsonNode schema) {
        Set<JsonNode> values = new HashSet<>();
        if (schema.has("const")) {
            values.add(schema.path("const"));
        }
        schema.path("enum").forEach(values::add);
        return values;
    }
}
