package dev.baton.bench.masks;

import dev.baton.protocol.v1.Repeated;
import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.Structures;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The structures that are measured, by name: kinds that requests ask for. */
final class Cases {
    private static final String PERSON = """
            {"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"},"member":{"type":"boolean"}},
            "required":["name","age","member"],"additionalProperties":false}""";
    private static final String ORDER = """
            {"type":"object","properties":{"id":{"type":"string","format":"uuid"},"customer":{"type":"object","properties":{
            "name":{"type":"string"},"address":{"type":"object","properties":{"street":{"type":"string"},"zip":{"type":"string",
            "pattern":"^[0-9]{5}$"},"country":{"enum":["DE","FR","IT","US"]}},"required":["street","zip","country"],
            "additionalProperties":false}},"required":["name","address"],"additionalProperties":false},"items":{"type":"array",
            "items":{"type":"object","properties":{"sku":{"type":"string"},"count":{"type":"integer","minimum":1,"maximum":99},
            "price":{"type":"number","minimum":0}},"required":["sku","count","price"],"additionalProperties":false},"minItems":1,
            "maxItems":5}},"required":["id","customer","items"],"additionalProperties":false}""";
    private static final String LENGTHS = """
            {"type":"object","properties":{"title":{"type":"string","minLength":8,"maxLength":60},"summary":{"type":"string",
            "minLength":40,"maxLength":400},"code":{"type":"string","maxLength":12}},"required":["title","summary","code"],
            "additionalProperties":false}""";
    private static final String NUMBERS = """
            {"type":"array","items":{"type":"array","items":{"type":"number","minimum":-180,"maximum":180},"minItems":2,
            "maxItems":2},"minItems":2,"maxItems":24}""";
    private static final String TREE = """
            {"$defs":{"node":{"type":"object","properties":{"value":{"type":"string"},"children":{"type":"array","items":{
            "$ref":"#/$defs/node"},"maxItems":3}},"required":["value","children"],"additionalProperties":false}},
            "$ref":"#/$defs/node"}""";

    private Cases() {}

    static Map<String, Structure> all() {
        Map<String, Structure> all = new LinkedHashMap<>();
        all.put("flat object", schema(PERSON));
        all.put("nested object", schema(ORDER));
        all.put("enum of 200", schema(names()));
        all.put("strings with lengths", schema(LENGTHS));
        all.put("arrays of numbers", schema(NUMBERS));
        all.put("recursive", schema(TREE));
        all.put("any JSON object", Structure.newBuilder().setJsonObject(true).build());
        all.put("regex: URL", regex("https?://[a-z0-9.-]{1,60}(/[A-Za-z0-9_.~-]{0,20}){0,6}"));
        all.put("regex: prose", regex("([A-Z][a-z]*( [a-z]+){2,12}\\. ){1,8}"));
        all.put("choice of 50", choice());
        all.put("text, then tools", tools());
        return all;
    }

    private static Structure schema(String schema) {
        return Structure.newBuilder().setJsonSchema(schema).build();
    }

    private static Structure regex(String regex) {
        return Structure.newBuilder().setRegex(regex).build();
    }

    private static String names() {
        return IntStream.range(0, 200)
                .mapToObj(i -> "\"category " + (char) ('a' + i % 26) + " number " + i + "\"")
                .collect(Collectors.joining(",", "{\"enum\":[", "]}"));
    }

    private static Structure choice() {
        return anyOf(IntStream.range(0, 50)
                .mapToObj(i -> literal("answer " + (char) ('a' + i % 26) + i))
                .toArray(Structure[]::new));
    }

    private static Structure tools() {
        Structure call = sequence(
                literal("<tool_call>\n"),
                anyOf(
                        sequence(literal("{\"name\": \"order\", \"arguments\": "), schema(ORDER), literal("}")),
                        sequence(literal("{\"name\": \"find\", \"arguments\": "), schema(PERSON), literal("}"))),
                literal("\n</tool_call>"));
        Structure text = Structure.newBuilder().setTextWithout("<tool_call>").build();
        Structure calls = Structure.newBuilder()
                .setRepeated(Repeated.newBuilder()
                        .setOf(call)
                        .setBetween(literal("\n"))
                        .setMost(64))
                .build();
        return anyOf(text, sequence(text, calls));
    }

    private static Structure literal(String text) {
        return Structure.newBuilder().setLiteral(text).build();
    }

    private static Structure sequence(Structure... parts) {
        return Structure.newBuilder()
                .setSequence(Structures.newBuilder().addAllOf(List.of(parts)))
                .build();
    }

    private static Structure anyOf(Structure... parts) {
        return Structure.newBuilder()
                .setAnyOf(Structures.newBuilder().addAllOf(List.of(parts)))
                .build();
    }
}
