package dev.baton.grammar;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.JsonNode;

/** Finds what {@code $ref} names: a place in the same schema. */
record SchemaRefs(JsonNode root) {
    private static final int MOST_STEPS = 64;

    JsonNode resolve(JsonNode ref) {
        String text = ref.isString() ? ref.stringValue() : "";
        if (!text.startsWith("#")) {
            throw new GrammarException("The JSON schema has a $ref to " + SchemaReader.shown(ref)
                    + ": only places in the same schema, such as" + " #/$defs/item, can be referred to.");
        }
        JsonNode target = root;
        String pointer = URLDecoder.decode(text.substring(1).replace("+", "%2B"), StandardCharsets.UTF_8);
        if (!pointer.isEmpty()) {
            if (!pointer.startsWith("/")) {
                throw new GrammarException("The JSON schema has a $ref to the anchor " + SchemaReader.shown(ref)
                        + "; write it as a path, such as #/$defs/item.");
            }
            target = root.at(pointer);
        }
        if (target.isMissingNode()) {
            throw new GrammarException(
                    "The JSON schema has a $ref to " + SchemaReader.shown(ref) + ", which is not there.");
        }
        return target;
    }

    /** The schema itself, or what it refers to when it does nothing else. */
    JsonNode followed(JsonNode schema) {
        JsonNode at = schema;
        for (int step = 0; at.isObject() && at.has("$ref"); step++) {
            if (step == MOST_STEPS) {
                throw new GrammarException("The JSON schema has a $ref that leads back to itself.");
            }
            JsonNode beside = SchemaKeywords.without(at, "$ref");
            JsonNode target = resolve(at.path("$ref"));
            at = SchemaKeywords.saysNothing(beside) ? target : SchemaMerge.both(target, beside);
        }
        return at;
    }
}
