package dev.baton.tokenizer.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Jinja's filters, with transformers' {@code tojson}. Those of sequences stand in {@link SequenceFilters}. */
final class Filters {
    private static final Set<String> NAMES = Set.of(
            "abs",
            "capitalize",
            "center",
            "count",
            "d",
            "default",
            "e",
            "escape",
            "float",
            "forceescape",
            "format",
            "from_json",
            "indent",
            "int",
            "length",
            "list",
            "lower",
            "replace",
            "round",
            "safe",
            "string",
            "title",
            "tojson",
            "trim",
            "truncate",
            "upper",
            "wordcount",
            "attr",
            "pprint",
            "urlencode");

    private static final Set<String> KEEPS_MARKUP = Set.of("trim", "upper", "lower", "capitalize", "center");

    private Filters() {}

    static boolean exists(String name) {
        return NAMES.contains(name) || SequenceFilters.NAMES.contains(name);
    }

    static Object apply(String name, Object value, Arguments args, RenderContext context) {
        if (!exists(name)) {
            throw new TemplateError("No filter named '" + name + "'.");
        }
        context.budget.step();
        if (SequenceFilters.NAMES.contains(name)) {
            return SequenceFilters.apply(name, value, args, context);
        }
        Object result = filtered(name, value, args, context);
        if (result instanceof String text && value instanceof String source) {
            trace(name, source, text, args, context.origins);
            if (KEEPS_MARKUP.contains(name) && context.origins.isMarkup(source)) {
                return context.origins.markup(text);
            }
        }
        return result;
    }

    /** Says where the characters of a result stood in the value. */
    private static void trace(String name, String source, String result, Arguments args, Origins origins) {
        switch (name) {
            case "trim" -> origins.part(source, source.indexOf(result), result);
            case "upper", "lower", "capitalize", "title" -> origins.mapped(source, result);
            case "center", "truncate", "tojson", "urlencode", "pprint" -> {
                if (origins.isOwn(source)
                        && args.positional().stream().allMatch(origins::isOwn)
                        && args.named().values().stream().allMatch(origins::isOwn)) {
                    origins.own(result);
                }
            }
            default -> {}
        }
    }

    private static Object filtered(String name, Object value, Arguments args, RenderContext context) {
        Budget budget = context.budget;
        return switch (name) {
            case "tojson" -> budget.made(PythonJson.dumps(value, args, budget));
            case "trim" -> PythonStrings.strip(text(value, budget), args.stringOrNone(0, "chars"), true, true);
            case "string" -> context.str(value);
            case "safe" -> context.origins.markup(context.str(value));
            case "from_json" -> JsonReader.read(text(value, budget), budget);
            case "upper" -> PythonStrings.upper(text(value, budget));
            case "lower" -> PythonStrings.lower(text(value, budget));
            case "capitalize" -> PythonStrings.capitalize(text(value, budget));
            case "title" -> PythonStrings.titleFilter(text(value, budget));
            case "length", "count" -> Python.length(value);
            case "list" -> Python.list(value, budget);
            case "default", "d" -> orDefault(value, args);
            case "replace" ->
                StringMethods.replace(
                        text(value, budget),
                        context.str(args.require(0, "old")),
                        context.str(args.require(1, "new")),
                        args.get(2, "count", None.NONE) == None.NONE ? -1 : args.integer(2, "count", -1),
                        budget,
                        context.origins);
            case "indent" -> indent(value, args, context);
            case "int" -> integer(value, args);
            case "float" -> decimal(value, args);
            case "abs" -> absolute(value);
            case "round" -> round(value, args);
            case "center" -> {
                int width = args.integer(0, "width", 80);
                budget.copy(Math.max(0, width));
                yield PythonStrings.pad(text(value, budget), width, " ", true, true);
            }
            case "wordcount" -> words(text(value, budget));
            case "truncate" -> truncate(text(value, budget), args);
            case "escape", "e" -> Markup.escape(value, context);
            case "forceescape" -> Markup.forced(text(value, budget), context);
            case "format" ->
                PercentFormat.format(
                        text(value, budget),
                        args.named().isEmpty() ? new Tuple(args.positional()) : Map.copyOf(args.named()),
                        context);
            case "urlencode" -> UrlEncoding.encode(value, context);
            case "attr" -> context.members.attribute(value, args.string(0, "name", ""));
            case "pprint" -> {
                StringBuilder out = new StringBuilder();
                PythonRepr.append(value, out, budget);
                yield out.toString();
            }
            default -> throw new IllegalArgumentException(name);
        };
    }

    static String text(Object value, Budget budget) {
        String text = Python.str(value, budget);
        budget.copy(text.length());
        return text;
    }

    private static Object orDefault(Object value, Arguments args) {
        boolean missing = value instanceof Undefined || (args.flag(1, "boolean", false) && !Python.truthy(value));
        return missing ? args.get(0, "default_value", "") : value;
    }

    /** Lines after the first are indented; blank ones only when asked. */
    private static String indent(Object value, Arguments args, RenderContext context) {
        Budget budget = context.budget;
        Origins origins = context.origins;
        if (!(value instanceof String text)) {
            throw new TemplateError("indent takes a string, not " + Python.typeName(value));
        }
        Object width = args.get(0, "width", 4L);
        String indention = width instanceof String s
                ? s
                : origins.own(" ".repeat(Math.clamp(args.integer(0, "width", 4), 0, 10_000)));
        boolean blank = args.flag(2, "blank", false);
        String whole = new TracedText(origins).append(text).appendOwn("\n").finish();
        List<Object> lines = PythonStrings.lines(whole, false);
        origins.parts(whole, lines, 0);
        TracedText out = new TracedText(origins);
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            boolean indented = i == 0 ? args.flag(1, "first", false) : blank || !line.isEmpty();
            budget.copy(out.length() > Budget.MAX_CHARS ? out.length() : indention.length() + line.length());
            out.appendOwn(i == 0 ? "" : "\n").append(indented ? indention : "").append(line);
        }
        return out.finish();
    }

    private static Object integer(Object value, Arguments args) {
        Object otherwise = args.get(0, "default", 0L);
        return switch (value) {
            case Double d ->
                Double.isNaN(d) || Double.isInfinite(d)
                        ? otherwise
                        : Arithmetic.normal(new BigDecimal(d).toBigInteger());
            case String s -> parseInteger(s, args.integer(1, "base", 10), otherwise);
            case Undefined u -> throw u.error();
            default -> Arithmetic.isNumber(value) ? Arithmetic.normal(Arithmetic.toBig(value)) : otherwise;
        };
    }

    private static Object parseInteger(String s, int base, Object otherwise) {
        String digits = PythonStrings.strip(s, null, true, true).replace("_", "");
        if (base == 16 && (digits.startsWith("0x") || digits.startsWith("0X"))) {
            digits = digits.substring(2);
        }
        if (digits.length() > 1000 || base < 2 || base > 36) {
            return otherwise;
        }
        try {
            return Arithmetic.normal(new BigInteger(digits, base));
        } catch (NumberFormatException e) {
            Double d = parseDouble(digits);
            return d == null || d.isNaN() || d.isInfinite()
                    ? otherwise
                    : Arithmetic.normal(new BigDecimal(d).toBigInteger());
        }
    }

    private static @Nullable Double parseDouble(String s) {
        String digits = PythonStrings.strip(s, null, true, true).replace("_", "");
        if (!digits.matches(
                "[+-]?(\\d{1,400}\\.?\\d{0,400}|\\.\\d{1,400})([eE][+-]?\\d{1,5})?|[+-]?(inf|nan|infinity)")) {
            return null;
        }
        if (digits.endsWith("nan")) {
            return Double.NaN;
        }
        if (digits.contains("inf")) {
            return digits.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        return Double.valueOf(digits);
    }

    private static Object decimal(Object value, Arguments args) {
        Object otherwise = args.get(0, "default", 0.0);
        if (value instanceof Undefined u) {
            throw u.error();
        }
        if (value instanceof String s) {
            Double d = parseDouble(s);
            return d == null ? otherwise : d;
        }
        return Arithmetic.isNumber(value) ? (Object) Arithmetic.toDouble(value) : otherwise;
    }

    private static Object absolute(Object value) {
        if (value instanceof Double d) {
            return Math.abs(d);
        }
        if (!Arithmetic.isNumber(value)) {
            throw new TemplateError("bad operand type for abs(): '" + Python.typeName(value) + "'");
        }
        return Arithmetic.normal(Arithmetic.toBig(value).abs());
    }

    private static Object round(Object value, Arguments args) {
        int precision = Math.clamp(args.integer(0, "precision", 0), -300, 300);
        String method = args.string(1, "method", "common");
        RoundingMode mode = switch (method) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> throw new TemplateError("method must be common, ceil or floor");
        };
        if (!(value instanceof Double d)) {
            if (!Arithmetic.isNumber(value)) {
                throw new TemplateError("type " + Python.typeName(value) + " doesn't define a round method");
            }
            Object rounded = Arithmetic.normal(new BigDecimal(Arithmetic.toBig(value))
                    .setScale(precision, mode)
                    .toBigInteger());
            return method.equals("common") ? rounded : (Object) Arithmetic.toDouble(rounded);
        }
        if (d.isNaN() || d.isInfinite()) {
            return d;
        }
        double rounded = new BigDecimal(d).setScale(precision, mode).doubleValue();
        return rounded == 0 && d < 0 ? -0.0 : rounded;
    }

    private static long words(String text) {
        long words = 0;
        boolean inside = false;
        for (int i = 0; i < text.length(); i++) {
            boolean word = Character.isLetterOrDigit(text.charAt(i)) || text.charAt(i) == '_';
            words += word && !inside ? 1 : 0;
            inside = word;
        }
        return words;
    }

    private static String truncate(String text, Arguments args) {
        int length = args.integer(0, "length", 255);
        String end = args.string(2, "end", "...");
        int leeway = args.get(3, "leeway", None.NONE) == None.NONE ? 5 : args.integer(3, "leeway", 5);
        if (length < PythonStrings.length(end) || leeway < 0) {
            throw new TemplateError("truncate takes a length of at least that of its end, and no negative leeway");
        }
        if (PythonStrings.length(text) <= (long) length + leeway) {
            return text;
        }
        String cut = PythonStrings.substring(text, 0, length - PythonStrings.length(end));
        int space = cut.lastIndexOf(' ');
        return (args.flag(1, "killwords", false) || space < 0 ? cut : cut.substring(0, space)) + end;
    }
}
