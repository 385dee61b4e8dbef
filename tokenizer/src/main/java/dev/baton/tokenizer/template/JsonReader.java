package dev.baton.tokenizer.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code json.loads}: text to values, with Python's {@code NaN} and {@code Infinity}. */
final class JsonReader {
    private static final Pattern NUMBER =
            Pattern.compile("-?(?:0|[1-9]\\d{0,999})(\\.\\d{1,999})?([eE][-+]?\\d{1,9})?");
    private static final Map<String, Object> WORDS = Map.of(
            "true", true,
            "false", false,
            "null", None.NONE,
            "NaN", Double.NaN,
            "Infinity", Double.POSITIVE_INFINITY,
            "-Infinity", Double.NEGATIVE_INFINITY);

    private final String text;
    private final Budget budget;
    private int at;

    private JsonReader(String text, Budget budget) {
        this.text = text;
        this.budget = budget;
    }

    static Object read(String text, Budget budget) {
        JsonReader reader = new JsonReader(text, budget);
        Object value = reader.value();
        reader.space();
        if (reader.at < text.length()) {
            throw reader.wrong();
        }
        return value;
    }

    private Object value() {
        budget.enter();
        space();
        Object value = switch (at < text.length() ? text.charAt(at) : 0) {
            case '{' -> object();
            case '[' -> list();
            case '"' -> string();
            default -> scalar();
        };
        budget.leave();
        return value;
    }

    private Object scalar() {
        for (Map.Entry<String, Object> word : WORDS.entrySet()) {
            if (text.startsWith(word.getKey(), at)) {
                at += word.getKey().length();
                return word.getValue();
            }
        }
        Matcher number = NUMBER.matcher(text).region(at, text.length());
        if (!number.lookingAt()) {
            throw wrong();
        }
        at = number.end();
        boolean whole = number.group(1) == null && number.group(2) == null;
        return whole ? Arithmetic.normal(new BigInteger(number.group())) : (Object) Double.valueOf(number.group());
    }

    private Map<Object, Object> object() {
        Map<Object, Object> object = new LinkedHashMap<>();
        at++;
        if (takes('}')) {
            return object;
        }
        do {
            space();
            if (at >= text.length() || text.charAt(at) != '"') {
                throw wrong();
            }
            String key = string();
            expect(':');
            object.put(key, value());
        } while (takes(','));
        expect('}');
        return object;
    }

    private List<Object> list() {
        List<Object> list = new ArrayList<>();
        at++;
        if (takes(']')) {
            return list;
        }
        do {
            list.add(value());
        } while (takes(','));
        expect(']');
        return list;
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        for (at++; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '"') {
                at++;
                return budget.made(out.toString());
            }
            if (c < ' ') {
                throw wrong();
            }
            out.append(c == '\\' ? escaped() : c);
        }
        throw wrong();
    }

    private char escaped() {
        at++;
        return switch (at < text.length() ? text.charAt(at) : 0) {
            case '"' -> '"';
            case '\\' -> '\\';
            case '/' -> '/';
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                if (at + 4 >= text.length() || !isHex(at + 1)) {
                    throw wrong();
                }
                at += 4;
                yield (char) Integer.parseInt(text, at - 3, at + 1, 16);
            }
            default -> throw wrong();
        };
    }

    private boolean isHex(int from) {
        for (int i = from; i < from + 4; i++) {
            if (Character.digit(text.charAt(i), 16) < 0) {
                return false;
            }
        }
        return true;
    }

    private void space() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean takes(char wanted) {
        space();
        boolean there = at < text.length() && text.charAt(at) == wanted;
        at += there ? 1 : 0;
        return there;
    }

    private void expect(char wanted) {
        if (!takes(wanted)) {
            throw wrong();
        }
    }

    private TemplateError wrong() {
        return new TemplateError("from_json was given what is not JSON, at character " + at);
    }
}
