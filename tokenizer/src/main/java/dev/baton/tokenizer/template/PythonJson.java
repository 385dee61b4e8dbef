package dev.baton.tokenizer.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code json.dumps} as transformers gives it to templates: no HTML escapes, text beyond ASCII kept. */
final class PythonJson {
    private final Budget budget;
    private final StringBuilder out = new StringBuilder();
    private final boolean ascii;
    private final boolean sorted;
    private final @Nullable String indent;
    private final String between;
    private final String afterKey;

    private PythonJson(Arguments args, Budget budget) {
        this.budget = budget;
        this.ascii = args.flag(0, "ensure_ascii", false);
        this.indent = indent(args.get(1, "indent", None.NONE), budget);
        this.sorted = args.flag(3, "sort_keys", false);
        List<Object> separators = separators(args.get(2, "separators", None.NONE), budget);
        this.between = Python.str(separators.get(0), budget);
        this.afterKey = Python.str(separators.get(1), budget);
    }

    static String dumps(Object value, Arguments args, Budget budget) {
        PythonJson json = new PythonJson(args.atMost(4, "tojson"), budget);
        json.write(value, 0);
        return json.out.toString();
    }

    private static @Nullable String indent(Object value, Budget budget) {
        return switch (value) {
            case None n -> null;
            case String s -> s;
            default -> " ".repeat((int) Math.clamp(Arithmetic.toBig(value).longValue(), 0, 1000));
        };
    }

    private List<Object> separators(Object value, Budget budget) {
        if (value == None.NONE) {
            return List.of(indent == null ? ", " : ",", ": ");
        }
        List<Object> pair = Python.list(value, budget);
        if (pair.size() != 2) {
            throw new TemplateError("separators takes two strings");
        }
        return pair;
    }

    private void write(Object value, int depth) {
        budget.enter();
        if (out.length() > Budget.MAX_CHARS) {
            budget.copy(out.length());
        }
        switch (value) {
            case None n -> out.append("null");
            case Boolean b -> out.append(b ? "true" : "false");
            case String s -> quote(s);
            case Double d -> out.append(number(d));
            case Map<?, ?> m -> object(m, depth);
            case Range r -> throw notSerializable(value);
            case List<?> l -> array(l, depth);
            case Tuple t -> array(t.items(), depth);
            default -> {
                if (!Arithmetic.isNumber(value)) {
                    throw notSerializable(value);
                }
                out.append(value);
            }
        }
        budget.leave();
    }

    private static TemplateError notSerializable(Object value) {
        return new TemplateError("Object of type " + Python.typeName(value) + " is not JSON serializable"
                + (value instanceof Undefined u ? " (" + u.hint() + ")" : ""));
    }

    private static String number(double d) {
        if (Double.isNaN(d)) {
            return "NaN";
        }
        return Double.isInfinite(d) ? (d > 0 ? "Infinity" : "-Infinity") : PythonFloat.repr(d);
    }

    private void array(List<?> items, int depth) {
        out.append('[');
        for (Iterator<?> i = items.iterator(); i.hasNext(); ) {
            line(depth + 1);
            write(i.next(), depth + 1);
            out.append(i.hasNext() ? between : "");
        }
        if (!items.isEmpty()) {
            line(depth);
        }
        out.append(']');
    }

    private void object(Map<?, ?> map, int depth) {
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        if (sorted) {
            entries.sort((a, b) -> Python.compare(a.getKey(), b.getKey(), "<", budget));
        }
        out.append('{');
        for (Iterator<Map.Entry<?, ?>> i = entries.iterator(); i.hasNext(); ) {
            Map.Entry<?, ?> entry = i.next();
            line(depth + 1);
            quote(key(entry.getKey()));
            out.append(afterKey);
            write(entry.getValue(), depth + 1);
            out.append(i.hasNext() ? between : "");
        }
        if (!entries.isEmpty()) {
            line(depth);
        }
        out.append('}');
    }

    private static String key(Object key) {
        return switch (key) {
            case String s -> s;
            case None n -> "null";
            case Double d -> number(d);
            default -> {
                if (!Arithmetic.isNumber(key)) {
                    throw new TemplateError("keys must be str, int, float, bool or None, not " + Python.typeName(key));
                }
                yield key.toString();
            }
        };
    }

    private void line(int depth) {
        if (indent != null) {
            budget.copy((long) depth * indent.length());
            out.append('\n').repeat(indent, depth);
        }
    }

    private void quote(String text) {
        budget.copy(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < 0x20 || (ascii && c > 0x7E)) {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
