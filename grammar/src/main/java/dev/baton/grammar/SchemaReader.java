package dev.baton.grammar;

import dev.baton.grammar.Nfa.Fragment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Turns a JSON schema into rules, one for each sub-schema. What comes out satisfies the schema; where that is not
 * guaranteed, the keyword is refused by name. Less may come out than the schema allows: members come in the order of {@code
 * properties}, and others only where {@code additionalProperties} asks for them.
 */
final class SchemaReader {
    private static final int DEEPEST = 64;
    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(4 * DEEPEST)
                            .build())
                    .build())
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .build();

    private final Nfa nfa;
    private final JsonRules json;
    private final SchemaRefs refs;
    private final IdentityHashMap<JsonNode, Integer> rules = new IdentityHashMap<>();
    private final Map<JsonNode, Integer> merged = new HashMap<>();
    private final JsonNode root;
    private int depth;

    SchemaReader(Nfa nfa, JsonRules json, String schema) {
        this.nfa = nfa;
        this.json = json;
        if (schema.length() > Grammar.LONGEST_SCHEMA) {
            throw new GrammarException("A JSON schema may have at most " + Grammar.LONGEST_SCHEMA + " characters.");
        }
        try {
            this.root = JSON.readTree(schema);
        } catch (JacksonException e) {
            throw new GrammarException("The JSON schema is not valid JSON: " + e.getOriginalMessage());
        }
        this.refs = new SchemaRefs(root);
    }

    int rule() {
        return rule(root);
    }

    private int rule(JsonNode schema) {
        Integer known = rules.get(schema);
        if (known != null) {
            return known;
        }
        int rule = nfa.declare();
        rules.put(schema, rule);
        define(rule, schema);
        return rule;
    }

    /** Merged schemas are made anew each time: equal ones are one rule, so that recursion ends. */
    private int ruleOfMerged(JsonNode schema) {
        Integer known = merged.get(schema);
        if (known != null) {
            return known;
        }
        int rule = nfa.declare();
        merged.put(schema, rule);
        define(rule, schema);
        return rule;
    }

    private void define(int rule, JsonNode schema) {
        if (++depth > DEEPEST) {
            throw new GrammarException("The JSON schema nests deeper than " + DEEPEST + " levels.");
        }
        nfa.define(rule, value(schema));
        depth--;
    }

    private Fragment value(JsonNode schema) {
        if (schema.isBoolean()) {
            return schema.booleanValue() ? nfa.callOf(json.value()) : nfa.anyOf();
        }
        if (!schema.isObject()) {
            throw new GrammarException("A JSON schema must be an object or a boolean, not " + shown(schema) + ".");
        }
        SchemaKeywords.check(schema);
        if (schema.has("$ref")) {
            JsonNode target = refs.resolve(schema.path("$ref"));
            JsonNode beside = SchemaKeywords.without(schema, "$ref");
            return nfa.callOf(
                    SchemaKeywords.saysNothing(beside) ? rule(target) : ruleOfMerged(SchemaMerge.both(target, beside)));
        }
        if (schema.has("allOf")) {
            JsonNode all = SchemaKeywords.without(schema, "allOf");
            for (JsonNode part : SchemaKeywords.nonEmptyArray(schema, "allOf")) {
                all = SchemaMerge.both(all, refs.followed(part));
            }
            return nfa.callOf(ruleOfMerged(all));
        }
        for (String keyword : List.of("anyOf", "oneOf")) {
            if (schema.has(keyword)) {
                return alternatives(schema, keyword);
            }
        }
        if (schema.has("const")) {
            return literals(schema, List.of(schema.path("const")));
        }
        if (schema.has("enum")) {
            return literals(schema, SchemaKeywords.nonEmptyArray(schema, "enum"));
        }
        List<Fragment> types = new ArrayList<>();
        for (String type : SchemaKeywords.types(schema)) {
            types.add(ofType(type, schema));
        }
        return types.isEmpty() ? nfa.callOf(json.value()) : nfa.anyOf(types);
    }

    private Fragment alternatives(JsonNode schema, String keyword) {
        List<JsonNode> branches = SchemaKeywords.nonEmptyArray(schema, keyword);
        JsonNode beside = SchemaKeywords.without(schema, keyword);
        if (keyword.equals("oneOf")) {
            SchemaMerge.refuseOverlap(branches.stream().map(refs::followed).toList());
        }
        Set<Integer> called = new LinkedHashSet<>();
        for (JsonNode branch : branches) {
            called.add(
                    SchemaKeywords.saysNothing(beside)
                            ? rule(branch)
                            : ruleOfMerged(SchemaMerge.both(refs.followed(branch), beside)));
        }
        return nfa.anyOf(called.stream().map(nfa::callOf).toList());
    }

    private Fragment literals(JsonNode schema, List<JsonNode> values) {
        SchemaKeywords.refuseBesideLiterals(schema);
        Set<String> types = SchemaKeywords.types(schema);
        List<Fragment> literals = new ArrayList<>();
        for (JsonNode value : values) {
            if (types.isEmpty() || types.stream().anyMatch(type -> SchemaKeywords.isOf(type, value))) {
                literals.add(nfa.literal(JSON.writeValueAsString(value)));
            }
        }
        return nfa.anyOf(literals);
    }

    private Fragment ofType(String type, JsonNode schema) {
        return switch (type) {
            case "object" -> object(schema);
            case "array" -> array(schema);
            case "string" -> new StringSchema(nfa, json).read(schema);
            case "integer", "number" -> number(schema, type.equals("integer"));
            case "boolean" -> nfa.anyOf(nfa.literal("true"), nfa.literal("false"));
            case "null" -> nfa.literal("null");
            default ->
                throw new GrammarException(
                        "The JSON schema has the type " + SchemaKeywords.start(type) + ", which there is not.");
        };
    }

    private Fragment number(JsonNode schema, boolean whole) {
        NumberRange.Bound low = SchemaKeywords.bound(schema, "minimum", "exclusiveMinimum", 1);
        NumberRange.Bound high = SchemaKeywords.bound(schema, "maximum", "exclusiveMaximum", -1);
        if (low == null && high == null) {
            return nfa.callOf(whole ? json.integer() : json.number());
        }
        return new NumberRange(low, high, whole).build(nfa);
    }

    private Fragment array(JsonNode schema) {
        int least = SchemaKeywords.count(schema, "minItems", 0);
        int most = SchemaKeywords.count(schema, "maxItems", -1);
        List<JsonNode> first = schema.has("prefixItems") ? SchemaKeywords.array(schema, "prefixItems") : List.of();
        JsonNode items = schema.path("items");
        if (most >= 0 && most < least) {
            return nfa.anyOf();
        }
        if (first.isEmpty()) {
            int rule = items.isMissingNode() ? json.value() : rule(items);
            return json.between("[", json.listed(() -> nfa.callOf(rule), least, most), "]");
        }
        return json.between("[", tuple(first, items, least, most), "]");
    }

    /** From the end: each element is optional once {@code least} are there. */
    private Fragment tuple(List<JsonNode> first, JsonNode items, int least, int most) {
        int shown = most < 0 ? first.size() : Math.min(first.size(), most);
        Fragment rest = nfa.empty();
        if (most < 0 || most > first.size()) {
            int rule = items.isMissingNode() ? json.value() : rule(items);
            rest = nfa.repeated(
                    () -> nfa.sequence(json.comma(), nfa.callOf(rule)),
                    Math.max(0, least - first.size()),
                    most < 0 ? -1 : most - first.size());
        }
        for (int i = shown - 1; i >= 0; i--) {
            Fragment element = nfa.callOf(rule(first.get(i)));
            Fragment whole = i == 0 ? nfa.sequence(element, rest) : nfa.sequence(json.comma(), element, rest);
            rest = i >= least ? nfa.optional(whole) : whole;
        }
        return rest;
    }

    private Fragment object(JsonNode schema) {
        Map<String, Integer> members = new LinkedHashMap<>();
        JsonNode properties = SchemaKeywords.object(schema, "properties");
        properties.properties().forEach(member -> members.put(member.getKey(), rule(member.getValue())));
        Set<String> required = SchemaKeywords.names(schema, "required");
        JsonNode more = schema.path("additionalProperties");
        boolean open = more.isMissingNode() ? properties.isEmpty() : !more.isBoolean() || more.booleanValue();
        int other = more.isObject() ? rule(more) : json.value();
        for (String name : required) {
            if (!members.containsKey(name)) {
                members.put(name, more.isBoolean() && !more.booleanValue() ? nfa.rule(nfa.anyOf()) : other);
            }
        }
        return json.between("{", members(members, required, open ? other : -1), "}");
    }

    /**
     * Members in order, each left out or not; before the first one that is there no comma.
     *
     * @param other the rule of further members, −1 when there may be none
     */
    private Fragment members(Map<String, Integer> members, Set<String> required, int other) {
        Fragment whole = new Fragment(nfa.node(), nfa.node());
        int nothingYet = whole.start();
        int someBefore = nfa.node();
        for (Map.Entry<String, Integer> member : members.entrySet()) {
            String name = JSON.writeValueAsString(member.getKey());
            int nothingAfter = nfa.node();
            int someAfter = nfa.node();
            Fragment first = json.member(nfa.literal(name), member.getValue());
            Fragment later = nfa.sequence(json.comma(), json.member(nfa.literal(name), member.getValue()));
            nfa.nothing(nothingYet, first.start());
            nfa.nothing(first.end(), someAfter);
            nfa.nothing(someBefore, later.start());
            nfa.nothing(later.end(), someAfter);
            if (!required.contains(member.getKey())) {
                nfa.nothing(nothingYet, nothingAfter);
                nfa.nothing(someBefore, someAfter);
            }
            nothingYet = nothingAfter;
            someBefore = someAfter;
        }
        if (other >= 0) {
            int name = nfa.rule(json.nameOtherThan(members.keySet()));
            Fragment first = json.member(nfa.callOf(name), other);
            Fragment more = nfa.repeated(() -> nfa.sequence(json.comma(), json.member(nfa.callOf(name), other)), 0, -1);
            nfa.nothing(nothingYet, first.start());
            nfa.nothing(first.end(), more.start());
            nfa.nothing(someBefore, more.start());
            nfa.nothing(more.end(), whole.end());
        } else {
            nfa.nothing(someBefore, whole.end());
        }
        nfa.nothing(nothingYet, whole.end());
        return whole;
    }

    static String shown(JsonNode node) {
        String text = node.toString();
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
