package dev.baton.tokenizer.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Strings as Python sees them: made of code points, with its own idea of whitespace and line ends. */
final class PythonStrings {
    private PythonStrings() {}

    static boolean isSpace(int c) {
        return (c >= 0x09 && c <= 0x0D)
                || (c >= 0x1C && c <= 0x20)
                || c == 0x85
                || c == 0xA0
                || c == 0x1680
                || (c >= 0x2000 && c <= 0x200A)
                || c == 0x2028
                || c == 0x2029
                || c == 0x202F
                || c == 0x205F
                || c == 0x3000;
    }

    private static boolean endsLine(char c) {
        return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    static boolean isBlank(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            if (!isSpace(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    static String stripEnd(String text) {
        return strip(text, null, false, true);
    }

    /** @param chars what is taken off; whitespace when null */
    static String strip(String text, @Nullable String chars, boolean start, boolean end) {
        int from = 0;
        int to = text.length();
        while (start && from < to && stripped(text.codePointAt(from), chars)) {
            from += Character.charCount(text.codePointAt(from));
        }
        while (end && to > from && stripped(text.codePointBefore(to), chars)) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    private static boolean stripped(int c, @Nullable String chars) {
        return chars == null ? isSpace(c) : chars.indexOf(c) >= 0;
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** Code points one by one, as Python walks a string. */
    static List<Object> characters(String text) {
        List<Object> characters = new ArrayList<>(text.length());
        text.codePoints().forEach(c -> characters.add(Character.toString(c)));
        return characters;
    }

    static String substring(String text, int from, int to) {
        if (length(text) == text.length()) {
            return text.substring(from, to);
        }
        return text.substring(text.offsetByCodePoints(0, from), text.offsetByCodePoints(0, to));
    }

    /** @param limit splits at most; no limit when negative */
    static List<Object> split(String text, @Nullable String separator, int limit) {
        if (separator == null) {
            return splitAtSpace(text, limit);
        }
        requireSeparator(separator);
        List<Object> parts = new ArrayList<>();
        int from = 0;
        int at = text.indexOf(separator);
        while (at >= 0 && (limit < 0 || parts.size() < limit)) {
            parts.add(text.substring(from, at));
            from = at + separator.length();
            at = text.indexOf(separator, from);
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static List<Object> splitAtSpace(String text, int limit) {
        List<Object> parts = new ArrayList<>();
        int i = 0;
        while (true) {
            while (i < text.length() && isSpace(text.charAt(i))) {
                i++;
            }
            if (i == text.length()) {
                return parts;
            }
            if (limit >= 0 && parts.size() == limit) {
                parts.add(stripEnd(text.substring(i)));
                return parts;
            }
            int from = i;
            while (i < text.length() && !isSpace(text.charAt(i))) {
                i++;
            }
            parts.add(text.substring(from, i));
        }
    }

    static List<Object> splitFromEnd(String text, @Nullable String separator, int limit) {
        if (limit < 0) {
            return split(text, separator, -1);
        }
        List<Object> parts = new ArrayList<>();
        if (separator == null) {
            int end = stripEnd(text).length();
            while (end > 0 && parts.size() < limit) {
                int from = end;
                while (from > 0 && !isSpace(text.charAt(from - 1))) {
                    from--;
                }
                parts.addFirst(text.substring(from, end));
                end = stripEnd(text.substring(0, from)).length();
            }
            if (end > 0) {
                parts.addFirst(strip(text.substring(0, end), null, true, false));
            }
            return parts;
        }
        requireSeparator(separator);
        int end = text.length();
        int at = text.lastIndexOf(separator);
        while (at >= 0 && parts.size() < limit) {
            parts.addFirst(text.substring(at + separator.length(), end));
            end = at;
            at = at == 0 ? -1 : text.lastIndexOf(separator, at - separator.length());
        }
        parts.addFirst(text.substring(0, end));
        return parts;
    }

    static void requireSeparator(String separator) {
        if (separator.isEmpty()) {
            throw new TemplateError("empty separator");
        }
    }

    static List<Object> lines(String text, boolean keepEnds) {
        List<Object> lines = new ArrayList<>();
        int from = 0;
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i++);
            if (endsLine(c)) {
                int end = i - 1;
                if (c == '\r' && i < text.length() && text.charAt(i) == '\n') {
                    i++;
                }
                lines.add(text.substring(from, keepEnds ? i : end));
                from = i;
            }
        }
        if (from < text.length()) {
            lines.add(text.substring(from));
        }
        return lines;
    }

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return titleCase(text.codePointAt(0)) + lower(text.substring(first));
    }

    private static String titleCase(int c) {
        int title = Character.toTitleCase(c);
        String upper = upper(Character.toString(c));
        // One letter may become two, which only the string operation knows: ß gives SS, and as a title Ss.
        return Character.codePointCount(upper, 0, upper.length()) > 1 && title == c
                ? upper.substring(0, 1) + lower(upper.substring(1))
                : Character.toString(title);
    }

    /** Python's {@code str.title}: a word is a run of letters. */
    static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean inWord = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            boolean letter = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
            out.append(!letter ? Character.toString(c) : inWord ? lower(Character.toString(c)) : titleCase(c));
            inWord = letter;
        }
        return out.toString();
    }

    /** The title filter: words begin after whitespace, a hyphen or an opening bracket. */
    static String titleFilter(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean begins = true;
        int from = 0;
        for (int i = 0; i <= text.length(); i++) {
            boolean border = i < text.length() && (isSpace(text.charAt(i)) || "-({[<".indexOf(text.charAt(i)) >= 0);
            if (i == text.length() || border != begins) {
                out.append(word(text.substring(from, i)));
                from = i;
                begins = border;
            }
        }
        return out.toString();
    }

    private static String word(String word) {
        if (word.isEmpty()) {
            return word;
        }
        int first = word.offsetByCodePoints(0, 1);
        return upper(word.substring(0, first)) + lower(word.substring(first));
    }

    /** @param limit replacements at most; all when negative */
    static String replace(String text, String old, String replacement, int limit) {
        if (limit < 0) {
            return text.replace(old, replacement);
        }
        StringBuilder out = new StringBuilder();
        int from = 0;
        int done = 0;
        int at = text.indexOf(old);
        while (at >= 0 && done < limit) {
            out.append(text, from, at).append(replacement);
            done++;
            from = at + old.length();
            if (old.isEmpty()) {
                if (at == text.length()) {
                    break;
                }
                out.append(text.charAt(at));
                from = at + 1;
            }
            at = text.indexOf(old, from);
        }
        return out.append(text, Math.min(from, text.length()), text.length()).toString();
    }

    static String pad(String text, int width, String fill, boolean left, boolean right) {
        int missing = width - length(text);
        if (missing <= 0) {
            return text;
        }
        int before = !left ? 0 : !right ? missing : missing / 2 + (missing & width & 1);
        return fill.repeat(before) + text + fill.repeat(missing - before);
    }
}
