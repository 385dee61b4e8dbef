package dev.baton.tokenizer.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The methods of Python's str that templates call. */
final class StringMethods {
    private StringMethods() {}

    static @Nullable Callable find(String s, String name, Budget budget, Origins origins) {
        Method method = switch (name) {
            case "strip" -> (a, b) -> PythonStrings.strip(s, a.stringOrNone(0, "chars"), true, true);
            case "lstrip" -> (a, b) -> PythonStrings.strip(s, a.stringOrNone(0, "chars"), true, false);
            case "rstrip" -> (a, b) -> PythonStrings.strip(s, a.stringOrNone(0, "chars"), false, true);
            case "split" -> (a, b) -> PythonStrings.split(s, a.stringOrNone(0, "sep"), a.integer(1, "maxsplit", -1));
            case "rsplit" ->
                (a, b) -> PythonStrings.splitFromEnd(s, a.stringOrNone(0, "sep"), a.integer(1, "maxsplit", -1));
            case "splitlines" -> (a, b) -> PythonStrings.lines(s, a.flag(0, "keepends", false));
            case "upper" -> (a, b) -> PythonStrings.upper(s);
            case "lower", "casefold" -> (a, b) -> PythonStrings.lower(s);
            case "title" -> (a, b) -> PythonStrings.title(s);
            case "capitalize" -> (a, b) -> PythonStrings.capitalize(s);
            case "swapcase" -> (a, b) -> swapCase(s);
            case "startswith" -> (a, b) -> matches(a, p -> s.startsWith(p, from(s, a)));
            case "endswith" -> (a, b) -> matches(a, p -> s.endsWith(p) && s.length() - p.length() >= from(s, a));
            case "replace" ->
                (a, b) -> replace(
                        s, a.string(0, "old", ""), a.string(1, "new", ""), a.integer(2, "count", -1), b, origins);
            case "find" -> (a, b) -> index(s, s.indexOf(a.string(0, "sub", ""), from(s, a)));
            case "rfind" -> (a, b) -> index(s, s.lastIndexOf(a.string(0, "sub", "")));
            case "index" -> (a, b) -> found(index(s, s.indexOf(a.string(0, "sub", ""), from(s, a))));
            case "rindex" -> (a, b) -> found(index(s, s.lastIndexOf(a.string(0, "sub", ""))));
            case "count" -> (a, b) -> count(s, a.string(0, "sub", ""));
            case "join" -> (a, b) -> join(s, a.require(0, "iterable"), b, origins);
            case "removeprefix" ->
                (a, b) -> s.startsWith(a.string(0, "prefix", ""))
                        ? s.substring(a.string(0, "prefix", "").length())
                        : s;
            case "removesuffix" ->
                (a, b) -> s.endsWith(a.string(0, "suffix", ""))
                        ? s.substring(0, s.length() - a.string(0, "suffix", "").length())
                        : s;
            case "partition" -> (a, b) -> partition(s, a.string(0, "sep", ""), false);
            case "rpartition" -> (a, b) -> partition(s, a.string(0, "sep", ""), true);
            case "ljust" -> (a, b) -> pad(s, a, false, true, b);
            case "rjust" -> (a, b) -> pad(s, a, true, false, b);
            case "center" -> (a, b) -> pad(s, a, true, true, b);
            case "zfill" -> (a, b) -> zeroFill(s, bounded(a.integer(0, "width", 0), b));
            case "isdigit", "isdecimal", "isnumeric" -> (a, b) -> all(s, Character::isDigit);
            case "isalpha" -> (a, b) -> all(s, Character::isLetter);
            case "isalnum" -> (a, b) -> all(s, Character::isLetterOrDigit);
            case "isspace" -> (a, b) -> all(s, PythonStrings::isSpace);
            case "isupper" -> (a, b) -> Tests.upper(s);
            case "islower" -> (a, b) -> Tests.lower(s);
            case "isidentifier" -> (a, b) -> identifier(s);
            case "format" -> (a, b) -> BraceFormat.format(s, a, b, origins);
            default -> null;
        };
        if (method == null) {
            return null;
        }
        return args -> {
            budget.copy(s.length());
            Object result = method.call(args, budget);
            trace(name, s, args, result, origins);
            return result instanceof String text ? budget.made(text) : result;
        };
    }

    /** Says where the characters of a result stood in the string. */
    private static void trace(String name, String s, Arguments args, Object result, Origins origins) {
        switch (result) {
            case String text ->
                traceText(name, s, text, origins, args.positional().toArray());
            case List<?> parts ->
                origins.parts(s, parts, args.get(0, "sep") instanceof String separator ? separator.length() : 0);
            case Tuple parts -> origins.parts(s, parts.items(), 0);
            default -> {}
        }
    }

    private static void traceText(String name, String s, String result, Origins origins, Object[] args) {
        switch (name) {
            case "strip" -> origins.part(s, s.indexOf(result), result);
            case "rstrip", "removesuffix" -> origins.part(s, 0, result);
            case "lstrip", "removeprefix" -> origins.part(s, s.length() - result.length(), result);
            case "upper", "lower", "casefold", "title", "capitalize", "swapcase" -> origins.mapped(s, result);
            case "ljust", "rjust", "center", "zfill" -> {
                if (origins.isOwn(s) && Arrays.stream(args).allMatch(origins::isOwn)) {
                    origins.own(result);
                }
            }
            default -> {}
        }
    }

    @FunctionalInterface
    private interface Method {
        Object call(Arguments args, Budget budget);
    }

    private static int from(String s, Arguments args) {
        int start = args.integer(1, "start", 0);
        int size = PythonStrings.length(s);
        int place = Math.clamp(start < 0 ? start + size : start, 0, size);
        return s.offsetByCodePoints(0, place);
    }

    private static boolean matches(Arguments args, Predicate<String> test) {
        return switch (args.require(0, "prefix")) {
            case String s -> test.test(s);
            case Tuple t -> t.items().stream().anyMatch(p -> p instanceof String s && test.test(s));
            case Object other ->
                throw new TemplateError("startswith or endswith first arg must be str or a tuple of str, not "
                        + Python.typeName(other));
        };
    }

    private static Object index(String s, int at) {
        return at < 0 ? -1L : (Object) (long) s.codePointCount(0, at);
    }

    private static Object found(Object index) {
        if (index.equals(-1L)) {
            throw new TemplateError("substring not found");
        }
        return index;
    }

    private static long count(String s, String part) {
        if (part.isEmpty()) {
            return PythonStrings.length(s) + 1L;
        }
        long count = 0;
        for (int at = s.indexOf(part); at >= 0; at = s.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    static String replace(String s, String old, String replacement, int limit, Budget budget, Origins origins) {
        if (replacement.length() > old.length()) {
            long times = limit < 0 ? count(s, old) : Math.min(limit, count(s, old));
            budget.copy(s.length() + times * (replacement.length() - old.length()));
        }
        if (old.isEmpty()) {
            return origins.derived(PythonStrings.replace(s, old, replacement, limit), s, replacement);
        }
        TracedText out = new TracedText(origins);
        int from = 0;
        int done = 0;
        for (int at = s.indexOf(old); at >= 0 && done != limit; at = s.indexOf(old, from)) {
            out.append(s, from, at).append(replacement);
            from = at + old.length();
            done++;
        }
        return out.append(s, from, s.length()).finish();
    }

    static String join(String separator, Object items, Budget budget, Origins origins) {
        TracedText out = new TracedText(origins);
        String before = "";
        int i = 0;
        for (Object item : Python.list(items, budget)) {
            if (!(item instanceof String text)) {
                throw new TemplateError(
                        "sequence item " + i + ": expected str instance, " + Python.typeName(item) + " found");
            }
            budget.copy(
                    (long) out.length() + before.length() + text.length() > Budget.MAX_CHARS
                            ? Budget.MAX_CHARS + 1L
                            : (long) before.length() + text.length());
            out.append(before).append(text);
            before = separator;
            i++;
        }
        return out.finish();
    }

    private static Tuple partition(String s, String separator, boolean fromEnd) {
        PythonStrings.requireSeparator(separator);
        int at = fromEnd ? s.lastIndexOf(separator) : s.indexOf(separator);
        if (at < 0) {
            return fromEnd ? Tuple.of("", "", s) : Tuple.of(s, "", "");
        }
        int end = at + separator.length();
        return Tuple.of(s.substring(0, at), s.substring(at, end), s.substring(end));
    }

    private static int bounded(int width, Budget budget) {
        budget.copy(Math.max(0, width));
        return width;
    }

    private static String pad(String s, Arguments args, boolean left, boolean right, Budget budget) {
        return PythonStrings.pad(
                s, bounded(args.integer(0, "width", 0), budget), args.string(1, "fillchar", " "), left, right);
    }

    private static String zeroFill(String s, int width) {
        boolean signed = s.startsWith("-") || s.startsWith("+");
        String sign = signed ? s.substring(0, 1) : "";
        return sign + PythonStrings.pad(s.substring(sign.length()), width - sign.length(), "0", true, false);
    }

    private static boolean all(String s, IntPredicate test) {
        return !s.isEmpty() && s.codePoints().allMatch(test);
    }

    private static boolean identifier(String s) {
        return !s.isEmpty()
                && (s.charAt(0) == '_' || Character.isUnicodeIdentifierStart(s.codePointAt(0)))
                && s.codePoints().allMatch(c -> c == '_' || Character.isUnicodeIdentifierPart(c));
    }

    private static String swapCase(String s) {
        List<String> out = new ArrayList<>();
        s.codePoints()
                .mapToObj(Character::toString)
                .forEach(c -> out.add(
                        Character.isUpperCase(c.codePointAt(0)) ? PythonStrings.lower(c) : PythonStrings.upper(c)));
        return String.join("", out);
    }
}
