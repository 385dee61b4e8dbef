package dev.baton.gateway.openai;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The bytes of a body as a tree of those fields that this API reads. Other fields are skipped while it is parsed and
 * costs nothing; of the rest the tree is bounded, because a tree takes many times the memory of its text. Rows of token
 * ids, which are long, are kept as plain numbers.
 */
final class RequestJson {
    /** Values in the tree, counted at every level. */
    private static final int MOST_VALUES = 200_000;

    /** Fields at the top, read or not. */
    private static final int MOST_FIELDS = 1_000;

    /** The fields that hold rows of token ids. */
    private static final Set<String> ROWS = Set.of("prompt", "tokens");

    private static final int MOST_MIXED = 16;

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final JsonParser parser;
    private final Set<String> read;
    private int values;

    private RequestJson(JsonParser parser, Set<String> read) {
        this.parser = parser;
        this.read = read;
    }

    /**
     * @param read names of the fields to keep
     * @throws ApiException when it is not one JSON object in UTF-8, or has more than may be
     */
    static JsonFields object(byte[] body, Set<String> read) {
        checkUtf8(body);
        try (JsonParser parser = JSON.createParser(body)) {
            return JsonFields.top(new RequestJson(parser, read).top(), read);
        } catch (JacksonException e) {
            var at = e.getLocation();
            String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw refused("The body is not valid JSON" + where + ".");
        }
    }

    /** Whether the body is an object with one of these fields; false where it is no JSON before the field. Keeps nothing. */
    static boolean hasOneOf(byte[] body, Set<String> names) {
        try (JsonParser parser = JSON.createParser(body)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                if (names.contains(parser.currentName())) {
                    return true;
                }
                parser.nextToken();
                parser.skipChildren();
            }
            return false;
        } catch (JacksonException e) {
            return false;
        }
    }

    private static ApiException refused(String message) {
        return new ApiException(ApiError.badRequest(null, message));
    }

    /** The parser would take other encodings too, and half characters. */
    private static void checkUtf8(byte[] body) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(body);
        CharBuffer out = CharBuffer.allocate(8 * 1024);
        while (true) {
            out.clear();
            var result = decoder.decode(in, out, true);
            if (result.isError()) {
                throw refused("The body is not valid UTF-8 at byte " + in.position() + ".");
            }
            if (result.isUnderflow()) {
                break;
            }
        }
        for (int i = 0; i < Math.min(4, body.length); i++) {
            if (body[i] == 0) {
                throw refused("The body is not JSON in UTF-8: it has a zero byte at " + i + ".");
            }
        }
    }

    private JsonNode top() {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            parser.skipChildren();
            expectEnd();
            throw refused("The body must be a JSON object.");
        }
        ObjectNode object = NODES.objectNode();
        Set<String> seen = new HashSet<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            if (!seen.add(name)) {
                throw twice(name);
            }
            if (seen.size() > MOST_FIELDS) {
                throw refused("The body has more than " + MOST_FIELDS + " fields.");
            }
            parser.nextToken();
            if (read.contains(name)) {
                object.set(name, value(ROWS.contains(name)));
            } else {
                parser.skipChildren();
            }
        }
        expectEnd();
        return object;
    }

    private void expectEnd() {
        if (parser.nextToken() != null) {
            throw refused("The body goes on after its JSON value.");
        }
    }

    private static ApiException twice(String name) {
        return refused("The body has the key `" + ApiError.shortened(name) + "` twice in one object.");
    }

    private JsonNode value(boolean rows) {
        if (++values > MOST_VALUES) {
            throw refused("The body has more than " + MOST_VALUES + " JSON values in the fields that are read.");
        }
        JsonToken token = parser.currentToken();
        return switch (token) {
            case START_OBJECT -> nested();
            case START_ARRAY -> array(rows);
            case VALUE_STRING -> NODES.stringNode(whole(parser.getString()));
            case VALUE_TRUE, VALUE_FALSE -> NODES.booleanNode(token == JsonToken.VALUE_TRUE);
            case VALUE_NULL -> NODES.nullNode();
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number();
            case NOT_AVAILABLE, END_OBJECT, END_ARRAY, PROPERTY_NAME, VALUE_EMBEDDED_OBJECT ->
                throw refused("The body is not valid JSON.");
        };
    }

    /** An escape can give half of a character, which no encoding has. */
    private static String whole(String text) {
        if (!isWhole(text)) {
            throw refused(
                    "The body has half of a surrogate pair in a string; a character beyond U+FFFF is written as both"
                            + " halves.");
        }
        return text;
    }

    /** Whether every surrogate stands beside its other half. */
    static boolean isWhole(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                boolean pair = Character.isHighSurrogate(c)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1));
                if (!pair) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }

    private JsonNode number() {
        return switch (parser.getNumberType()) {
            case INT -> NODES.numberNode(parser.getIntValue());
            case LONG -> NODES.numberNode(parser.getLongValue());
            case BIG_INTEGER -> NODES.numberNode(parser.getBigIntegerValue());
            case FLOAT, DOUBLE, BIG_DECIMAL -> NODES.numberNode(parser.getDoubleValue());
        };
    }

    private JsonNode nested() {
        ObjectNode object = NODES.objectNode();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = whole(parser.currentName());
            parser.nextToken();
            if (object.has(name)) {
                throw twice(name);
            }
            object.set(name, value(false));
        }
        return object;
    }

    private JsonNode array(boolean rows) {
        ArrayNode array = NODES.arrayNode();
        parser.nextToken();
        if (rows && parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
            int[] ids = ids();
            if (parser.currentToken() == JsonToken.END_ARRAY) {
                return NODES.pojoNode(new Ids(ids));
            }
            // Something else follows, so this will be refused by its name: how it begins is enough.
            Arrays.stream(ids).limit(MOST_MIXED).forEach(array::add);
        }
        for (JsonToken token = parser.currentToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            array.add(value(rows));
        }
        return array;
    }

    /** The whole numbers at the start of an array; the parser is then at what follows them. */
    private int[] ids() {
        int[] ids = new int[16];
        int count = 0;
        while (parser.currentToken() == JsonToken.VALUE_NUMBER_INT
                && parser.getNumberType() == JsonParser.NumberType.INT) {
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, count * 2);
            }
            ids[count++] = parser.getIntValue();
            parser.nextToken();
        }
        return Arrays.copyOf(ids, count);
    }

    /** A row of whole numbers. */
    record Ids(int[] values) {}
}
