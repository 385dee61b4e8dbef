package dev.baton.tokenizer.template;

/** The backslashes of a string literal, as Python's unicode-escape reads them; one it does not know stays as it is. */
final class StringEscapes {
    private StringEscapes() {}

    static String decode(String raw, int line) {
        if (raw.indexOf('\\') < 0) {
            return raw;
        }
        StringBuilder out = new StringBuilder(raw.length());
        int i = 0;
        while (i < raw.length()) {
            char c = raw.charAt(i);
            if (c != '\\' || i + 1 == raw.length()) {
                out.append(c);
                i++;
            } else {
                i = escape(raw, i + 1, out, line);
            }
        }
        return out.toString();
    }

    /** @param i of the character after the backslash; the result is the index after the escape */
    private static int escape(String raw, int i, StringBuilder out, int line) {
        char c = raw.charAt(i);
        switch (c) {
            case '\n' -> {}
            case '\\', '\'', '"' -> out.append(c);
            case 'a' -> out.append('\u0007');
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'n' -> out.append('\n');
            case 'r' -> out.append('\r');
            case 't' -> out.append('\t');
            case 'v' -> out.append('\u000B');
            case 'x' -> {
                return hex(raw, i + 1, 2, out, line);
            }
            case 'u' -> {
                return hex(raw, i + 1, 4, out, line);
            }
            case 'U' -> {
                return hex(raw, i + 1, 8, out, line);
            }
            case 'N' -> {
                return named(raw, i + 1, out, line);
            }
            default -> {
                if (c >= '0' && c <= '7') {
                    return octal(raw, i, out);
                }
                out.append('\\').append(c);
            }
        }
        return i + 1;
    }

    private static int hex(String raw, int from, int digits, StringBuilder out, int line) {
        long value = 0;
        for (int i = from; i < from + digits; i++) {
            int digit = i < raw.length() ? Character.digit(raw.charAt(i), 16) : -1;
            if (digit < 0) {
                throw TemplateException.at(
                        line,
                        "truncated escape in a string: \\" + raw.charAt(from - 1) + " takes " + digits
                                + " hexadecimal digits");
            }
            value = value << 4 | digit;
        }
        if (value > Character.MAX_CODE_POINT) {
            throw TemplateException.at(line, "illegal Unicode character in a string");
        }
        out.appendCodePoint((int) value);
        return from + digits;
    }

    /** A character by its Unicode name in braces. */
    private static int named(String raw, int from, StringBuilder out, int line) {
        int end = raw.indexOf('}', from);
        if (from >= raw.length() || raw.charAt(from) != '{' || end < 0) {
            throw TemplateException.at(line, "malformed \\N character escape");
        }
        try {
            out.appendCodePoint(Character.codePointOf(raw.substring(from + 1, end)));
        } catch (IllegalArgumentException e) {
            throw TemplateException.at(line, "unknown Unicode character name");
        }
        return end + 1;
    }

    private static int octal(String raw, int from, StringBuilder out) {
        int value = 0;
        int i = from;
        while (i < raw.length() && i < from + 3 && raw.charAt(i) >= '0' && raw.charAt(i) <= '7') {
            value = value << 3 | (raw.charAt(i++) - '0');
        }
        out.append((char) value);
        return i;
    }
}
