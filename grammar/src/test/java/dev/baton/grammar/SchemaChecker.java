package dev.baton.grammar;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.UUID;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** Whether a value satisfies a schema, by the letter of JSON Schema; shares nothing with what makes grammars. */
final class SchemaChecker {
    private final JsonNode root;

    SchemaChecker(JsonNode root) {
        this.root = root;
    }

    boolean accepts(JsonNode value) {
        return accepts(root, value);
    }

    private boolean accepts(JsonNode schema, JsonNode value) {
        if (schema.isBoolean()) {
            return schema.booleanValue();
        }
        return schema.properties().stream()
                .allMatch(keyword -> holds(keyword.getKey(), keyword.getValue(), schema, value));
    }

    private boolean holds(String keyword, JsonNode wanted, JsonNode schema, JsonNode value) {
        return switch (keyword) {
            case "$ref" -> accepts(root.at(wanted.stringValue().substring(1)), value);
            case "type" ->
                wanted.isArray() ? wanted.valueStream().anyMatch(type -> isOf(type, value)) : isOf(wanted, value);
            case "enum" -> wanted.valueStream().anyMatch(one -> equal(one, value));
            case "const" -> equal(wanted, value);
            case "anyOf" -> wanted.valueStream().anyMatch(one -> accepts(one, value));
            case "oneOf" ->
                wanted.valueStream().filter(one -> accepts(one, value)).count() == 1;
            case "allOf" -> wanted.valueStream().allMatch(one -> accepts(one, value));
            case "properties" ->
                wanted.properties().stream()
                        .allMatch(member ->
                                !value.has(member.getKey()) || accepts(member.getValue(), value.get(member.getKey())));
            case "required" ->
                !value.isObject() || wanted.valueStream().allMatch(name -> value.has(name.stringValue()));
            case "additionalProperties" ->
                !value.isObject()
                        || value.properties().stream()
                                .allMatch(member -> schema.path("properties").has(member.getKey())
                                        || accepts(wanted, member.getValue()));
            case "items" -> {
                boolean all = true;
                for (int i = schema.path("prefixItems").size(); value.isArray() && i < value.size(); i++) {
                    all &= accepts(wanted, value.get(i));
                }
                yield all;
            }
            case "prefixItems" -> {
                boolean all = true;
                for (int i = 0; value.isArray() && i < Math.min(wanted.size(), value.size()); i++) {
                    all &= accepts(wanted.get(i), value.get(i));
                }
                yield all;
            }
            case "minItems" -> !value.isArray() || value.size() >= wanted.intValue();
            case "maxItems" -> !value.isArray() || value.size() <= wanted.intValue();
            case "minLength" -> !value.isString() || length(value) >= wanted.intValue();
            case "maxLength" -> !value.isString() || length(value) <= wanted.intValue();
            case "pattern" ->
                !value.isString()
                        || Pattern.compile(wanted.stringValue(), Pattern.UNIX_LINES)
                                .matcher(value.stringValue())
                                .find();
            case "format" -> isFormatted(wanted.stringValue(), value.stringValue());
            case "minimum" -> compare(value, wanted) >= 0;
            case "maximum" -> compare(value, wanted) <= 0;
            case "exclusiveMinimum" -> compare(value, wanted) > 0;
            case "exclusiveMaximum" -> compare(value, wanted) < 0;
            default -> true;
        };
    }

    private static boolean equal(JsonNode one, JsonNode other) {
        return one.isNumber() && other.isNumber()
                ? compare(one, other) == 0
                : one.equals(other) || one.toString().equals(other.toString());
    }

    private static int compare(JsonNode value, JsonNode wanted) {
        return new BigDecimal(value.toString()).compareTo(new BigDecimal(wanted.toString()));
    }

    private static int length(JsonNode value) {
        return value.stringValue().codePointCount(0, value.stringValue().length());
    }

    private static boolean isOf(JsonNode type, JsonNode value) {
        return switch (type.stringValue()) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isString();
            case "integer" ->
                value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            default -> value.isNull();
        };
    }

    private static boolean isFormatted(String format, String text) {
        return switch (format) {
            case "date" -> LocalDate.parse(text).toString().equals(text);
            case "date-time" -> OffsetDateTime.parse(text) != null;
            case "uuid" -> UUID.fromString(text).toString().equals(text);
            case "ipv4" -> Pattern.matches("(\\d{1,3}\\.){3}\\d{1,3}", text);
            default -> text.matches("[^@ ]+@[^@ ]+");
        };
    }
}
