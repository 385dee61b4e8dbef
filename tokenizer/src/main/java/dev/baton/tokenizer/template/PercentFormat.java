package dev.baton.tokenizer.template;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The percent operator on strings: {@code %s %r %d %i %x %f %e %g %c %%}, with flags, width and precision. */
final class PercentFormat {
    private static final Pattern FIELD =
            Pattern.compile("%(?:\\(([^)]*)\\))?([-+ 0#]*)(\\d{1,4})?(?:\\.(\\d{1,3}))?([a-zA-Z%])");

    private PercentFormat() {}

    static String format(String format, Object values, RenderContext context) {
        Budget budget = context.budget;
        List<Object> positional = switch (values) {
            case Tuple t -> t.items();
            default -> List.of(values);
        };
        Matcher field = FIELD.matcher(format);
        TracedText out = new TracedText(context.origins);
        int used = 0;
        int from = 0;
        while (field.find(from)) {
            literal(format, from, field.start(), out);
            from = field.end();
            if (field.group(5).equals("%")) {
                out.appendOwn("%");
                continue;
            }
            Object value;
            if (field.group(1) != null) {
                Object named = values instanceof Map<?, ?> map ? map.get(field.group(1)) : null;
                if (named == null) {
                    throw new TemplateError("format requires a mapping with the key " + Python.repr(field.group(1)));
                }
                value = named;
            } else if (used < positional.size()) {
                value = positional.get(used++);
            } else {
                throw new TemplateError("not enough arguments for format string");
            }
            out.append(context.origins.derived(budget.made(one(field, value, budget)), value));
            budget.copy(out.length() > Budget.MAX_CHARS ? out.length() : 1);
        }
        literal(format, from, format.length(), out);
        if (used < positional.size() && !(values instanceof Map<?, ?>)) {
            throw new TemplateError("not all arguments converted during string formatting");
        }
        return out.finish();
    }

    private static void literal(String format, int from, int to, TracedText out) {
        if (format.indexOf('%', from) >= 0 && format.indexOf('%', from) < to) {
            throw new TemplateError("unsupported format character after '%'");
        }
        out.append(format, from, to);
    }

    private static String one(Matcher field, Object value, Budget budget) {
        String flags = field.group(2);
        int precision = field.group(4) == null ? -1 : Integer.parseInt(field.group(4));
        String text = switch (field.group(5)) {
            case "s" -> cut(Python.str(value, budget), precision);
            case "r" -> {
                StringBuilder repr = new StringBuilder();
                PythonRepr.append(value, repr, budget);
                yield cut(repr.toString(), precision);
            }
            case "d", "i", "u" -> signed(flags, integer(value));
            case "x" -> signed(flags, Arithmetic.toBig(value).toString(16));
            case "X" ->
                signed(flags, PythonStrings.upper(Arithmetic.toBig(value).toString(16)));
            case "o" -> signed(flags, Arithmetic.toBig(value).toString(8));
            case "f", "F" -> signed(flags, fixed(Arithmetic.toDouble(value), precision < 0 ? 6 : precision));
            case "c" -> Python.str(value, budget);
            default -> throw new TemplateError("unsupported format character '" + field.group(5) + "'");
        };
        int width = field.group(3) == null ? 0 : Integer.parseInt(field.group(3));
        boolean zeros = flags.indexOf('0') >= 0 && flags.indexOf('-') < 0 && "dixXofF".contains(field.group(5));
        if (zeros && (text.startsWith("-") || text.startsWith("+"))) {
            return text.charAt(0) + PythonStrings.pad(text.substring(1), width - 1, "0", true, false);
        }
        boolean left = flags.indexOf('-') < 0;
        return PythonStrings.pad(text, width, zeros ? "0" : " ", left, !left);
    }

    private static String cut(String text, int precision) {
        return precision < 0 || PythonStrings.length(text) <= precision
                ? text
                : PythonStrings.substring(text, 0, precision);
    }

    private static String integer(Object value) {
        return value instanceof Double d
                ? new BigDecimal(d).toBigInteger().toString()
                : Arithmetic.toBig(value).toString();
    }

    private static String signed(String flags, String number) {
        if (number.startsWith("-")) {
            return number;
        }
        return (flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "") + number;
    }

    static String fixed(double value, int precision) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return PythonFloat.repr(value);
        }
        String sign = value < 0 || (value == 0 && 1 / value < 0) ? "-" : "";
        return sign
                + new BigDecimal(value)
                        .abs()
                        .setScale(precision, RoundingMode.HALF_EVEN)
                        .toPlainString();
    }
}
