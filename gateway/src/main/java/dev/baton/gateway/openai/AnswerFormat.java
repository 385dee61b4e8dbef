package dev.baton.gateway.openai;

import dev.baton.grammar.Grammar;
import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.Structures;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the text of the answer must be, as a request asks for it in the words of OpenAI, vLLM or SGLang.
 *
 * @param param the field that asks
 */
record AnswerFormat(Structure structure, String param) {
    /** Names of the fields that are read. */
    static final List<String> FIELDS = List.of(
            "response_format",
            "structured_outputs",
            "guided_json",
            "guided_regex",
            "guided_choice",
            "json_schema",
            "regex");

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int MOST_CHOICES = 1_000;
    private static final int LONGEST_NAME = 64;
    private static final Set<String> STRUCTURED = Set.of("json", "regex", "choice", "json_object");

    /** Null where any text will do. */
    static @Nullable AnswerFormat read(JsonFields body) {
        List<AnswerFormat> asked = new ArrayList<>();
        for (String field : FIELDS) {
            AnswerFormat format = body.has(field) ? read(body, field) : null;
            if (format != null) {
                asked.add(format);
            }
        }
        if (asked.size() > 1) {
            throw JsonFields.invalid(
                    asked.get(1).param(),
                    "`" + asked.get(1).param() + "` cannot be combined with `"
                            + asked.get(0).param() + "`.");
        }
        return asked.isEmpty() ? null : asked.getFirst();
    }

    private static @Nullable AnswerFormat read(JsonFields body, String field) {
        return switch (field) {
            case "response_format" -> responseFormat(body);
            case "structured_outputs" -> structuredOutputs(body);
            case "guided_regex", "regex" -> regex(body, field);
            case "guided_choice" -> choice(body, field);
            default -> json(body, field);
        };
    }

    private static @Nullable AnswerFormat responseFormat(JsonFields body) {
        JsonFields format = body.object("response_format");
        if (format == null) {
            return null;
        }
        String type = format.requiredString("type");
        return switch (type) {
            case "text" -> null;
            case "json_object" ->
                new AnswerFormat(Structure.newBuilder().setJsonObject(true).build(), "response_format");
            case "json_schema" -> jsonSchema(format);
            default ->
                throw JsonFields.invalid(
                        "response_format.type",
                        "`response_format.type` must be text, json_object or json_schema, not "
                                + JsonFields.described(JSON.getNodeFactory().stringNode(type)) + ".");
        };
    }

    private static AnswerFormat jsonSchema(JsonFields format) {
        JsonFields named = format.object("json_schema");
        if (named == null) {
            throw JsonFields.invalid("response_format.json_schema", "`response_format.json_schema` is required.");
        }
        String name = named.requiredString("name");
        if (name.length() > LONGEST_NAME || !name.chars().allMatch(AnswerFormat::isNameCharacter)) {
            throw JsonFields.invalid(
                    named.name("name"),
                    "`" + named.name("name") + "` may have up to " + LONGEST_NAME + " letters, digits, _ and -.");
        }
        named.string("description");
        named.flag("strict", false);
        if (named.object("schema") == null) {
            throw JsonFields.invalid(named.name("schema"), "`" + named.name("schema") + "` is required.");
        }
        return json(named, "schema");
    }

    private static boolean isNameCharacter(int c) {
        boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return letter || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }

    private static @Nullable AnswerFormat structuredOutputs(JsonFields body) {
        JsonFields asked = body.object("structured_outputs");
        if (asked == null) {
            return null;
        }
        List<AnswerFormat> formats = new ArrayList<>();
        for (String name : asked.names()) {
            if (!STRUCTURED.contains(name)) {
                asked.unsupported(name);
            } else if (asked.has(name)) {
                switch (name) {
                    case "json" -> formats.add(json(asked, name));
                    case "regex" -> formats.add(regex(asked, name));
                    case "choice" -> formats.add(choice(asked, name));
                    default -> {
                        if (asked.flag(name, false)) {
                            formats.add(new AnswerFormat(
                                    Structure.newBuilder().setJsonObject(true).build(), asked.name(name)));
                        }
                    }
                }
            }
        }
        if (formats.size() != 1) {
            throw JsonFields.invalid(
                    "structured_outputs", "`structured_outputs` must have one of json, regex, choice, json_object.");
        }
        return formats.getFirst();
    }

    /** A schema, as an object or as text. */
    private static AnswerFormat json(JsonFields fields, String field) {
        JsonNode schema = fields.node(field);
        if (schema == null || !(schema.isObject() || schema.isString() || schema.isBoolean())) {
            throw JsonFields.invalid(fields.name(field), "`" + fields.name(field) + "` must be a JSON schema.");
        }
        String text = schema.isString() ? schema.stringValue() : JSON.writeValueAsString(schema);
        checkLength(text, Grammar.LONGEST_SCHEMA, "A JSON schema", fields.name(field));
        return new AnswerFormat(Structure.newBuilder().setJsonSchema(text).build(), fields.name(field));
    }

    private static AnswerFormat regex(JsonFields fields, String field) {
        String regex = fields.requiredString(field);
        checkLength(regex, Grammar.LONGEST_REGEX, "A regular expression", fields.name(field));
        return new AnswerFormat(Structure.newBuilder().setRegex(regex).build(), fields.name(field));
    }

    /** What is too long to be compiled is refused before anything holds it. */
    static void checkLength(String text, int longest, String what, String param) {
        if (text.length() > longest) {
            throw JsonFields.invalid(param, what + " may have at most " + longest + " characters.");
        }
    }

    private static AnswerFormat choice(JsonFields fields, String field) {
        Structures.Builder choices = Structures.newBuilder();
        for (JsonNode choice : fields.array(field, MOST_CHOICES)) {
            if (!choice.isString() || choice.stringValue().isEmpty()) {
                throw JsonFields.invalid(
                        fields.name(field), "`" + fields.name(field) + "` must be an array of strings.");
            }
            choices.addOf(Structure.newBuilder().setLiteral(choice.stringValue()));
        }
        if (choices.getOfCount() == 0) {
            throw JsonFields.invalid(fields.name(field), "`" + fields.name(field) + "` must not be empty.");
        }
        return new AnswerFormat(Structure.newBuilder().setAnyOf(choices).build(), fields.name(field));
    }
}
