package dev.baton.tokenizer.template;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Values as Python's repr writes them. */
final class PythonRepr {
    private PythonRepr() {}

    static void append(Object value, StringBuilder out, Budget budget) {
        budget.enter();
        if (out.length() > Budget.MAX_CHARS) {
            throw new TemplateError("a value grows too large (more than " + Budget.MAX_CHARS + ")");
        }
        switch (value) {
            case None n -> out.append("None");
            case Boolean b -> out.append(b ? "True" : "False");
            case Double d -> out.append(PythonFloat.repr(d));
            case String s -> {
                budget.copy(s.length());
                quote(s, out);
            }
            case Range r -> out.append(r.repr());
            case List<?> l -> items(l, '[', "]", out, budget);
            case Tuple t -> items(t.items(), '(', t.items().size() == 1 ? ",)" : ")", out, budget);
            case Map<?, ?> m -> map(m, out, budget);
            case View v -> {
                out.append(v.type()).append('(');
                items(v.items(), '[', "]", out, budget);
                out.append(')');
            }
            case Generator o -> out.append("<generator object>");
            case Namespace n -> {
                out.append("<Namespace ");
                map(n.attributes(), out, budget);
                out.append('>');
            }
            case Undefined u -> out.append("Undefined");
            case Loop l ->
                out.append("<LoopContext ")
                        .append(l.index())
                        .append('/')
                        .append(l.length())
                        .append('>');
            case Callable c -> out.append("<function>");
            default -> out.append(value);
        }
        budget.leave();
    }

    private static void items(List<?> items, char begin, String end, StringBuilder out, Budget budget) {
        out.append(begin);
        String separator = "";
        for (Iterator<?> i = items.iterator(); i.hasNext(); ) {
            out.append(separator);
            append(i.next(), out, budget);
            separator = ", ";
        }
        out.append(end);
    }

    private static void map(Map<?, ?> map, StringBuilder out, Budget budget) {
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(separator);
            append(entry.getKey(), out, budget);
            out.append(": ");
            append(entry.getValue(), out, budget);
            separator = ", ";
        }
        out.append('}');
    }

    /** Single quotes, unless only they occur inside. */
    static void quote(String text, StringBuilder out) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (printable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(
                                c < 0x100
                                        ? "\\x%02x".formatted(c)
                                        : c < 0x10000 ? "\\u%04x".formatted(c) : "\\U%08x".formatted(c));
                    }
                }
            }
        });
        out.append(quote);
    }

    private static boolean printable(int c) {
        return c == ' '
                || switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR,
                            Character.SPACE_SEPARATOR -> false;
                    default -> true;
                };
    }
}
