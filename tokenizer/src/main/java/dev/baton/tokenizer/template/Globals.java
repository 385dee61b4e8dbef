package dev.baton.tokenizer.template;

import java.math.BigInteger;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions that every template finds. */
final class Globals {
    private Globals() {}

    static Map<String, Object> of(RenderContext context) {
        Map<String, Object> globals = new HashMap<>();
        globals.put("raise_exception", (Callable) args -> {
            throw TemplateException.raised(context.line, context.str(args.require(0, "message")));
        });
        globals.put("strftime_now", (Callable) args -> {
            String format = args.string(0, "format", "");
            String now = Strftime.format(format, LocalDateTime.now(context.clock));
            return context.origins.derived(now, format);
        });
        globals.put("range", (Callable) Globals::range);
        globals.put("namespace", (Callable) args -> {
            Namespace namespace = new Namespace();
            entries(args, context).forEach((key, value) -> namespace.set(context.str(key), value));
            return namespace;
        });
        globals.put("dict", (Callable) args -> entries(args, context));
        globals.put("joiner", (Callable) args -> joiner(args.string(0, "sep", ", ")));
        return globals;
    }

    private static Object range(Arguments args) {
        List<Object> bounds = args.positional();
        return switch (bounds.size()) {
            case 1 -> new Range(0, bound(bounds.get(0)), 1);
            case 2 -> new Range(bound(bounds.get(0)), bound(bounds.get(1)), 1);
            case 3 -> new Range(bound(bounds.get(0)), bound(bounds.get(1)), bound(bounds.get(2)));
            default -> throw new TemplateError("range expected 1 to 3 arguments, got " + bounds.size());
        };
    }

    private static long bound(Object value) {
        if (value instanceof Undefined u) {
            throw u.error();
        }
        BigInteger far = BigInteger.ONE.shiftLeft(60);
        return Arithmetic.toBig(value).min(far).max(far.negate()).longValue();
    }

    private static Map<Object, Object> entries(Arguments args, RenderContext context) {
        Map<Object, Object> entries = new LinkedHashMap<>();
        if (!args.positional().isEmpty()) {
            switch (args.positional().getFirst()) {
                case Map<?, ?> map -> entries.putAll(map);
                case Namespace namespace -> entries.putAll(namespace.attributes());
                case Object pairs -> {
                    for (Object pair : Python.list(pairs, context.budget)) {
                        List<Object> two = Python.list(pair, context.budget);
                        if (two.size() != 2) {
                            throw new TemplateError(
                                    "a dictionary is made of pairs; one of " + two.size() + " was given");
                        }
                        entries.put(Python.key(two.get(0)), two.get(1));
                    }
                }
            }
        }
        entries.putAll(args.named());
        return entries;
    }

    private static Callable joiner(String separator) {
        boolean[] used = new boolean[1];
        return args -> {
            String text = used[0] ? separator : "";
            used[0] = true;
            return text;
        };
    }
}
