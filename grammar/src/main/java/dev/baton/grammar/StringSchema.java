package dev.baton.grammar;

import dev.baton.grammar.Nfa.Fragment;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Strings of a schema: any, of a length, of a pattern or of a format. */
record StringSchema(Nfa nfa, JsonRules json) {
    private static final String DAY = "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
            + "|02-(0[1-9]|1[0-9]|2[0-8]))";
    private static final String DATE = "[0-9]{3}[1-9]-" + DAY;
    private static final String TIME =
            "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])";
    private static final String LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?";
    private static final String BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

    private static final Map<String, String> FORMATS = Map.of(
            "date", DATE,
            "time", TIME,
            "date-time", DATE + "T" + TIME,
            "duration",
                    "P([0-9]{1,4}D|([0-9]{1,4}D)?T([0-9]{1,4}H([0-9]{1,2}M)?([0-9]{1,2}S)?|[0-9]{1,4}M([0-9]{1,2}S)?"
                            + "|[0-9]{1,4}S)|[0-9]{1,4}W)",
            "uuid", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "email", "[a-zA-Z0-9_+-]{1,30}(\\.[a-zA-Z0-9_+-]{1,30})?@" + LABEL + "(\\." + LABEL + "){1,3}",
            "hostname", LABEL + "(\\." + LABEL + "){0,3}",
            "ipv4", BYTE + "(\\." + BYTE + "){3}",
            "ipv6", "[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7}",
            "uri", "https?://" + LABEL + "(\\." + LABEL + "){0,3}(:[1-9][0-9]{1,3})?(/[a-zA-Z0-9._~-]{0,40}){0,8}");

    Fragment read(JsonNode schema) {
        boolean pattern = schema.has("pattern");
        boolean format = schema.has("format");
        int least = SchemaKeywords.count(schema, "minLength", 0);
        int most = SchemaKeywords.count(schema, "maxLength", -1);
        boolean counted = least > 0 || most >= 0;
        if ((pattern && format) || (counted && (pattern || format))) {
            throw new GrammarException("The JSON schema has two of pattern, format and a length in one place, which is"
                    + " not supported here; say the length in the pattern.");
        }
        if (pattern) {
            return json.quoted(Regex.search(nfa, RegexParser.parse(text(schema, "pattern")), Spelling.JSON));
        }
        if (format) {
            String name = text(schema, "format");
            String known = FORMATS.get(name);
            if (known == null) {
                throw new GrammarException("The JSON schema has the format " + SchemaReader.shown(schema.path("format"))
                        + ", which cannot be guaranteed here; known are "
                        + String.join(", ", FORMATS.keySet().stream().sorted().toList()) + ".");
            }
            return json.quoted(Regex.whole(nfa, RegexParser.parse(known), Spelling.JSON));
        }
        if (!counted) {
            return nfa.callOf(json.string());
        }
        return most >= 0 && most < least ? nfa.anyOf() : json.quoted(nfa.repeated(json::character, least, most));
    }

    private static String text(JsonNode schema, String keyword) {
        JsonNode value = schema.path(keyword);
        if (!value.isString()) {
            throw SchemaKeywords.wrong(keyword, "a string", value);
        }
        return value.stringValue();
    }
}
