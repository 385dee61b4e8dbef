package dev.baton.tokenizer.template;

import dev.baton.tokenizer.template.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Jinja's lexer with trim_blocks and lstrip_blocks on, as transformers sets them: the newline after a block tag is
 * dropped, and so are the blanks before one that begins its line. A minus takes all whitespace on its side; a plus keeps
 * what would be dropped.
 */
final class Lexer {
    private static final Pattern RAW =
            Pattern.compile("\\{%([-+]?)\\s*raw\\s*(?:-%\\}(\\s*)|%\\})", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern END_RAW =
            Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%\\}|-%\\}\\s*|%\\}\\n?)", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern FLOAT =
            Pattern.compile("(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern INTEGER =
            Pattern.compile("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
    private static final List<String> OPERATORS = List.of(
            "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
            "=", ".", ":", "|", ",", ";");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<Character> open = new ArrayDeque<>();
    private int pos;
    private int line = 1;
    private int counted;
    private boolean lineStarts = true;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        if (source.endsWith("\n")) {
            source = source.substring(0, source.length() - 1);
        }
        return new Lexer(source).run();
    }

    private List<Token> run() {
        while (pos < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                data(source.substring(pos));
                moveTo(source.length());
                break;
            }
            tag(tag);
        }
        tokens.add(new Token(Kind.END, "", line));
        return tokens;
    }

    private int nextTag() {
        for (int i = source.indexOf('{', pos); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char c = source.charAt(i + 1);
            if (c == '{' || c == '%' || c == '#') {
                return i;
            }
        }
        return -1;
    }

    private void tag(int at) {
        String text = source.substring(pos, at);
        char kind = source.charAt(at + 1);
        char sign = at + 2 < source.length() ? source.charAt(at + 2) : ' ';
        data(beforeTag(text, sign, kind == '{'));
        moveTo(at);
        Matcher raw = RAW.matcher(source).region(at, source.length());
        if (kind == '%' && raw.lookingAt()) {
            raw(raw.end());
            return;
        }
        moveTo(at + (sign == '-' || sign == '+' ? 3 : 2));
        switch (kind) {
            case '#' -> comment();
            case '%' -> inside(Kind.BLOCK_BEGIN, Kind.BLOCK_END, "%}");
            default -> inside(Kind.VARIABLE_BEGIN, Kind.VARIABLE_END, "}}");
        }
    }

    private String beforeTag(String text, char sign, boolean variable) {
        if (sign == '-') {
            return PythonStrings.stripEnd(text);
        }
        if (sign != '+' && !variable) {
            int from = text.lastIndexOf('\n') + 1;
            if ((from > 0 || lineStarts) && PythonStrings.isBlank(text, from)) {
                return text.substring(0, from);
            }
        }
        return text;
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            tokens.add(new Token(Kind.DATA, text, line));
        }
    }

    private void raw(int bodyStart) {
        moveTo(bodyStart);
        lineStarts = source.charAt(bodyStart - 1) == '\n';
        Matcher end = END_RAW.matcher(source);
        if (!end.find(bodyStart)) {
            throw TemplateException.at(line, "Missing end of raw directive");
        }
        String sign = end.group(1);
        data(beforeTag(source.substring(bodyStart, end.start()), sign.isEmpty() ? ' ' : sign.charAt(0), false));
        moveTo(end.end());
        lineStarts = source.charAt(end.end() - 1) == '\n';
    }

    private void comment() {
        int end = source.indexOf("#}", pos);
        if (end < 0) {
            throw TemplateException.at(line, "Missing end of comment tag");
        }
        char sign = end > pos ? source.charAt(end - 1) : ' ';
        afterTag(end + 2, sign, true);
    }

    private void afterTag(int end, char sign, boolean trimsNewline) {
        int to = end;
        if (sign == '-') {
            while (to < source.length() && PythonStrings.isSpace(source.charAt(to))) {
                to++;
            }
        } else if (sign != '+' && trimsNewline && to < source.length() && source.charAt(to) == '\n') {
            to++;
        }
        lineStarts = source.charAt(to - 1) == '\n';
        moveTo(to);
    }

    private void inside(Kind begin, Kind end, String close) {
        tokens.add(new Token(begin, "", line));
        boolean block = end == Kind.BLOCK_END;
        while (pos < source.length()) {
            char c = source.charAt(pos);
            if (open.isEmpty()) {
                boolean signed = source.startsWith(close, pos + 1) && (c == '-' || (block && c == '+'));
                if (signed || source.startsWith(close, pos)) {
                    tokens.add(new Token(end, "", line));
                    afterTag(pos + close.length() + (signed ? 1 : 0), signed ? c : ' ', block);
                    return;
                }
            }
            if (PythonStrings.isSpace(c)) {
                moveTo(pos + 1);
            } else {
                lexeme(c);
            }
        }
        open.clear();
    }

    private void lexeme(char c) {
        if (c == '\'' || c == '"') {
            string(c);
        } else if (isDigit(c) && (pos == 0 || source.charAt(pos - 1) != '.') && match(FLOAT, Kind.FLOAT)) {
            return;
        } else if (isDigit(c) && match(INTEGER, Kind.INTEGER)) {
            return;
        } else if (Character.isUnicodeIdentifierStart(source.codePointAt(pos)) || c == '_') {
            name();
        } else {
            operator(c);
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private boolean match(Pattern pattern, Kind kind) {
        Matcher matcher = pattern.matcher(source).region(pos, source.length());
        if (!matcher.lookingAt()) {
            return false;
        }
        tokens.add(new Token(kind, matcher.group().replace("_", ""), line));
        moveTo(matcher.end());
        return true;
    }

    private void name() {
        int end = pos;
        while (end < source.length()) {
            int cp = source.codePointAt(end);
            if (cp != '_' && !Character.isUnicodeIdentifierPart(cp)) {
                break;
            }
            end += Character.charCount(cp);
        }
        tokens.add(new Token(Kind.NAME, source.substring(pos, end), line));
        moveTo(end);
    }

    private void string(char quote) {
        int end = pos + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw TemplateException.at(
                    line, "unexpected char " + Python.repr(String.valueOf(quote)) + ": a string without its end");
        }
        tokens.add(new Token(Kind.STRING, StringEscapes.decode(source.substring(pos + 1, end), line), line));
        moveTo(end + 1);
    }

    private void operator(char c) {
        String found = operatorHere();
        if (found == null) {
            throw TemplateException.at(line, "unexpected char " + Python.repr(String.valueOf(c)));
        }
        switch (found) {
            case "{" -> open.push('}');
            case "(" -> open.push(')');
            case "[" -> open.push(']');
            case "}", ")", "]" -> close(c);
            default -> {}
        }
        tokens.add(new Token(Kind.OPERATOR, found, line));
        moveTo(pos + found.length());
    }

    private @Nullable String operatorHere() {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, pos)) {
                return operator;
            }
        }
        return null;
    }

    private void close(char c) {
        if (open.isEmpty()) {
            throw TemplateException.at(line, "unexpected '" + c + "'");
        }
        char expected = open.pop();
        if (expected != c) {
            throw TemplateException.at(line, "unexpected '" + c + "', expected '" + expected + "'");
        }
    }

    private void moveTo(int to) {
        for (; counted < to; counted++) {
            if (source.charAt(counted) == '\n') {
                line++;
            }
        }
        pos = to;
    }
}
