package dev.baton.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Schemas of supported keywords that some value satisfies. */
public final class RandomSchema {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final List<String> NAMES = List.of("name", "age", "kind", "a", "ab", "a b", "näher", "n\"q");
    private static final List<String> PATTERNS =
            List.of("^[a-z]{1,4}$", "^(foo|bar)+$", "x[0-9]y", "^\\d{3}-\\w+$", "^.{0,3}$", "^[^a]?b");
    private static final List<String> FORMATS = List.of("date", "date-time", "uuid", "ipv4", "email");

    private final Random random;
    private boolean refers;

    public RandomSchema(long seed) {
        random = new Random(seed);
    }

    public JsonNode next() {
        refers = false;
        ObjectNode schema = schema(0);
        if (refers) {
            schema.set(
                    "$defs", NODES.objectNode().set("tree", JsonMapper.shared().readTree("""
                        {"type":"object","properties":{"v":{"type":"integer","minimum":0,"maximum":99},
                        "next":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/tree"}]}},
                        "required":["v"],"additionalProperties":false}\
                        """)));
        }
        return schema;
    }

    private ObjectNode schema(int depth) {
        int kind = random.nextInt(depth > 2 ? 7 : 11);
        return switch (kind) {
            case 0 -> string();
            case 1 -> number("integer");
            case 2 -> number("number");
            case 3 -> typed("boolean");
            case 4 -> NODES.objectNode().set("enum", literals());
            case 5 -> NODES.objectNode().set("const", literals().get(0));
            case 6 -> {
                refers = true;
                yield NODES.objectNode().put("$ref", "#/$defs/tree");
            }
            case 7 -> array(depth);
            case 8 -> {
                ArrayNode branches = NODES.arrayNode().add(schema(depth + 1)).add(schema(depth + 1));
                yield NODES.objectNode().set("anyOf", branches);
            }
            default -> object(depth);
        };
    }

    private ObjectNode typed(String type) {
        return NODES.objectNode().put("type", type);
    }

    private ObjectNode string() {
        ObjectNode schema = typed("string");
        switch (random.nextInt(4)) {
            case 0 -> schema.put("pattern", PATTERNS.get(random.nextInt(PATTERNS.size())));
            case 1 -> schema.put("format", FORMATS.get(random.nextInt(FORMATS.size())));
            case 2 -> schema.put("minLength", random.nextInt(4)).put("maxLength", 4 + random.nextInt(9));
            default -> schema.put("description", "any");
        }
        return schema;
    }

    private ObjectNode number(String type) {
        ObjectNode schema = typed(type);
        double low = (random.nextInt(4_000) - 2_000) / (type.equals("integer") ? 1.0 : 8.0);
        if (random.nextBoolean()) {
            schema.put(random.nextInt(3) == 0 ? "exclusiveMinimum" : "minimum", low);
        }
        if (random.nextBoolean()) {
            schema.put(random.nextInt(3) == 0 ? "exclusiveMaximum" : "maximum", low + 2 + random.nextInt(300) / 4.0);
        }
        return schema;
    }

    private ArrayNode literals() {
        ArrayNode all = NODES.arrayNode();
        all.add(random.nextInt(100)).add("té\"xt").add(true).addNull();
        all.add(NODES.objectNode().put("k", 1.5));
        ArrayNode some = NODES.arrayNode();
        int first = random.nextInt(all.size());
        for (int i = 0; i < 1 + random.nextInt(3); i++) {
            some.add(all.get((first + i) % all.size()));
        }
        return some;
    }

    private ObjectNode array(int depth) {
        ObjectNode schema = typed("array");
        schema.set("items", schema(depth + 1));
        int least = random.nextInt(3);
        if (random.nextBoolean()) {
            schema.set("prefixItems", NODES.arrayNode().add(schema(depth + 1)).add(schema(depth + 1)));
        }
        return schema.put("minItems", least).put("maxItems", least + random.nextInt(4));
    }

    private ObjectNode object(int depth) {
        ObjectNode schema = typed("object");
        ObjectNode properties = NODES.objectNode();
        List<String> required = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            String name = NAMES.get(random.nextInt(NAMES.size()));
            properties.set(name, schema(depth + 1));
            if (random.nextBoolean() && !required.contains(name)) {
                required.add(name);
            }
        }
        schema.set("properties", properties);
        ArrayNode names = NODES.arrayNode();
        required.forEach(names::add);
        schema.set("required", names);
        switch (random.nextInt(4)) {
            case 0 -> schema.set("additionalProperties", schema(depth + 2));
            case 1 -> schema.put("additionalProperties", true);
            default -> schema.put("additionalProperties", false);
        }
        return schema;
    }
}
