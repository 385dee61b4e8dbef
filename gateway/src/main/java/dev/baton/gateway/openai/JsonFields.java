package dev.baton.gateway.openai;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import dev.baton.gateway.json.JsonText;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Typed, checked access to the fields of one JSON object of a request. A field that is null counts as absent; a field of
 * the wrong type or outside its range is an {@link ApiException} that names it.
 */
final class JsonFields {
    private static final int MOST_SHOWN = 40;

    private final JsonNode object;
    private final String path;
    private final @Nullable Set<String> read;

    /** @param path prefix of the names in errors, such as {@code stream_options.} */
    JsonFields(JsonNode object, String path) {
        this(object, path, null);
    }

    private JsonFields(JsonNode object, String path, @Nullable Set<String> read) {
        this.object = object;
        this.path = path;
        this.read = read;
    }

    /** @param read the fields that were kept: asking for another one is a bug */
    static JsonFields top(JsonNode object, Set<String> read) {
        return new JsonFields(object, "", read);
    }

    static ApiException invalid(String param, String message) {
        return new ApiException(ApiError.badRequest(param, message));
    }

    String name(String field) {
        return path + field;
    }

    @Nullable
    JsonNode node(String field) {
        if (read != null && !read.contains(field)) {
            throw new IllegalStateException(field + " is not among the fields that are read");
        }
        JsonNode node = object.get(field);
        return node == null || node.isNull() ? null : node;
    }

    /** In the request's order. */
    List<String> names() {
        return List.copyOf(object.propertyNames());
    }

    boolean has(String field) {
        return node(field) != null;
    }

    @Nullable
    String string(String field) {
        JsonNode node = node(field);
        if (node == null) {
            return null;
        }
        if (!node.isString()) {
            throw wrongType(field, "a string", node);
        }
        return node.stringValue();
    }

    /** @param longest in characters */
    @Nullable
    String shortString(String field, int longest) {
        String value = string(field);
        if (value != null && value.length() > longest) {
            throw invalid(
                    name(field),
                    "`" + name(field) + "` may have at most " + longest + " characters, not " + value.length() + ".");
        }
        return value;
    }

    /** Refuses the first field that is none of these. */
    void allow(Set<String> known) {
        object.properties().forEach(entry -> {
            String field = ApiError.shortened(entry.getKey());
            if (!known.contains(entry.getKey()) && !entry.getValue().isNull()) {
                throw invalid(name(field), "`" + name(field) + "` is not supported here; leave it out.");
            }
        });
    }

    String requiredString(String field) {
        String value = string(field);
        if (value == null || value.isEmpty()) {
            throw invalid(name(field), "`" + name(field) + "` is required.");
        }
        return value;
    }

    boolean flag(String field, boolean absent) {
        JsonNode node = node(field);
        if (node == null) {
            return absent;
        }
        if (!node.isBoolean()) {
            throw wrongType(field, "true or false", node);
        }
        return node.booleanValue();
    }

    float number(String field, float absent, double min, double max) {
        JsonNode node = node(field);
        if (node == null) {
            return absent;
        }
        if (!node.isNumber()) {
            throw wrongType(field, "a number", node);
        }
        return inRange(name(field), node.doubleValue(), min, max);
    }

    static float inRange(String param, double value, double min, double max) {
        if (!(value >= min && value <= max)) {
            throw invalid(
                    param,
                    "`" + param + "` must be between " + plain(min) + " and " + plain(max) + ", not " + plain(value)
                            + ".");
        }
        return (float) value;
    }

    private static String plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    @Nullable
    Integer integer(String field, int min, int max) {
        Long value = wholeNumber(field, min, max);
        return value == null ? null : value.intValue();
    }

    int integer(String field, int absent, int min, int max) {
        Integer value = integer(field, min, max);
        return value == null ? absent : value;
    }

    @Nullable
    Long wholeNumber(String field, long min, long max) {
        JsonNode node = node(field);
        return node == null ? null : (Long) whole(name(field), node, min, max);
    }

    static long whole(String param, JsonNode node, long min, long max) {
        boolean whole = node.isIntegralNumber()
                || (node.isNumber()
                        && node.doubleValue() == Math.rint(node.doubleValue())
                        && Math.abs(node.doubleValue()) < 1e15);
        if (!whole) {
            throw invalid(param, "`" + param + "` must be a whole number, not " + described(node) + ".");
        }
        BigInteger value =
                node.isIntegralNumber() ? node.bigIntegerValue() : BigInteger.valueOf((long) node.doubleValue());
        if (value.compareTo(BigInteger.valueOf(min)) < 0 || value.compareTo(BigInteger.valueOf(max)) > 0) {
            throw invalid(
                    param,
                    "`" + param + "` must be between " + min + " and " + max + ", not "
                            + (value.bitLength() > 128 ? "a number that large" : value) + ".");
        }
        return value.longValue();
    }

    /** The elements of an array, or empty. */
    List<JsonNode> array(String field, int max) {
        JsonNode node = node(field);
        if (node == null) {
            return List.of();
        }
        if (!node.isArray()) {
            throw wrongType(field, "an array", node);
        }
        if (node.size() > max) {
            throw invalid(
                    name(field),
                    "`" + name(field) + "` may have at most " + max + " elements, not " + node.size() + ".");
        }
        List<JsonNode> elements = new ArrayList<>(node.size());
        node.forEach(elements::add);
        return elements;
    }

    @Nullable
    JsonFields object(String field) {
        JsonNode node = node(field);
        if (node == null) {
            return null;
        }
        if (!node.isObject()) {
            throw wrongType(field, "an object", node);
        }
        return new JsonFields(node, name(field) + ".");
    }

    /** Refuses the object unless all it has are strings, so many at most. */
    void requireStrings(int most) {
        String whole = path.substring(0, path.length() - 1);
        if (object.size() > most) {
            throw invalid(whole, "`" + whole + "` may have at most " + most + " entries, not " + object.size() + ".");
        }
        object.properties().forEach(entry -> {
            if (!entry.getValue().isString()) {
                throw invalid(whole, "`" + whole + "` may hold strings only, not " + described(entry.getValue()) + ".");
            }
        });
    }

    /** Refuses the field unless it is absent, empty, one of {@code harmless}, or false where true is not. */
    void unsupported(String field, String... harmless) {
        JsonNode node = node(field);
        boolean off = node != null && node.isBoolean() && !node.booleanValue();
        if (node == null || off && !Arrays.asList(harmless).contains("true") || node.isContainer() && node.isEmpty()) {
            return;
        }
        for (String value : harmless) {
            if (node.asString("").equals(value)) {
                return;
            }
        }
        throw invalid(
                name(field),
                "`" + name(field) + "` is not supported here"
                        + (harmless.length == 0 ? "" : " except as " + String.join(", ", harmless))
                        + "; leave it out.");
    }

    ApiException wrongType(String field, String wanted, JsonNode node) {
        return invalid(name(field), "`" + name(field) + "` must be " + wanted + ", not " + described(node) + ".");
    }

    static String described(JsonNode node) {
        if (node.isObject()) {
            return "an object";
        }
        if (node.isArray()) {
            return "an array";
        }
        if (node.isPojo()) {
            return "an array of numbers";
        }
        String text = node.isString() ? JsonText.quote(start(node.stringValue())) : start(node.toString());
        return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + "…";
    }

    private static String start(String text) {
        return text.length() <= MOST_SHOWN + 1 ? text : text.substring(0, MOST_SHOWN + 1);
    }

    /** As chat templates take it: maps in the request's order, lists, strings, numbers, flags, null. */
    static Map<String, @Nullable Object> toMap(JsonNode object) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        object.properties().forEach(entry -> map.put(entry.getKey(), value(entry.getValue())));
        return map;
    }

    private static @Nullable Object value(JsonNode node) {
        if (node.isObject()) {
            return toMap(node);
        }
        if (node.isArray()) {
            List<@Nullable Object> list = new ArrayList<>(node.size());
            node.forEach(element -> list.add(value(element)));
            return list;
        }
        if (node.isString()) {
            return node.stringValue();
        }
        if (node.isBoolean()) {
            return node.booleanValue();
        }
        if (node.isIntegralNumber()) {
            return node.canConvertToLong() ? (Object) node.longValue() : node.bigIntegerValue();
        }
        return node.isNumber() ? (Object) node.doubleValue() : null;
    }
}
