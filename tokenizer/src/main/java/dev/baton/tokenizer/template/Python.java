package dev.baton.tokenizer.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What Python does with values. A value is one of {@link None}, Boolean, Long, BigInteger (beyond a long), Double, String,
 * List, {@link Tuple}, Map, {@link View}, {@link Generator}, {@link Namespace}, {@link Callable}, {@link Loop}, {@link
 * Undefined}.
 */
final class Python {
    private Python() {}

    /** A value as JSON parsers give it, as a value of a rendering; copied, so that nothing outside can change it. */
    static Object from(@org.jspecify.annotations.Nullable Object value, Budget budget, Origins origins) {
        budget.enter();
        Object converted = switch (value) {
            case null -> None.NONE;
            // A string of its own, whatever else holds the same one: origins go by identity.
            case String s -> new String(s);
            case RenderedText t -> origins.mark(new String(t.text()), t.request());
            case JsonText json -> {
                ParsedJson parsed = new ParsedJson(
                        origins.mark(new String(json.text().text()), json.text().request()));
                json.object().forEach((k, v) -> parsed.put(from(k, budget, origins), from(v, budget, origins)));
                yield parsed;
            }
            case Boolean b -> b;
            case Integer n -> (long) n;
            case Long n -> n;
            case Short n -> (long) n;
            case BigInteger n -> Arithmetic.normal(n);
            case Double d -> d;
            case Float f -> (double) f;
            case BigDecimal d -> d.doubleValue();
            case Map<?, ?> map -> {
                Map<Object, Object> copy = new LinkedHashMap<>();
                map.forEach((k, v) -> copy.put(from(k, budget, origins), from(v, budget, origins)));
                yield copy;
            }
            case Iterable<?> items -> {
                List<Object> copy = new ArrayList<>();
                items.forEach(item -> copy.add(from(item, budget, origins)));
                yield copy;
            }
            default -> "<" + value.getClass().getSimpleName() + ">";
        };
        budget.leave();
        return converted;
    }

    static String typeName(Object value) {
        return switch (value) {
            case None n -> "NoneType";
            case Boolean b -> "bool";
            case Long n -> "int";
            case BigInteger n -> "int";
            case Double d -> "float";
            case String s -> "str";
            case Range r -> "range";
            case List<?> l -> "list";
            case Tuple t -> "tuple";
            case Map<?, ?> m -> "dict";
            case View v -> v.type();
            case Generator o -> "generator";
            case Namespace n -> "Namespace";
            case Loop l -> "LoopContext";
            case Undefined u -> "Undefined";
            default -> "function";
        };
    }

    static boolean truthy(Object value) {
        return switch (value) {
            case None n -> false;
            case Undefined u -> false;
            case Boolean b -> b;
            case Long n -> n != 0;
            case Double d -> d != 0;
            case String s -> !s.isEmpty();
            case List<?> l -> !l.isEmpty();
            case Tuple t -> !t.items().isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            case View v -> !v.items().isEmpty();
            default -> true;
        };
    }

    static long length(Object value) {
        return switch (value) {
            case String s -> PythonStrings.length(s);
            case List<?> l -> l.size();
            case Tuple t -> t.items().size();
            case Map<?, ?> m -> m.size();
            case View v -> v.items().size();
            case Undefined u -> 0;
            case Loop l -> l.length();
            default -> throw new TemplateError("object of type '" + typeName(value) + "' has no len()");
        };
    }

    @SuppressWarnings("unchecked")
    static Iterator<Object> iterate(Object value) {
        return switch (value) {
            case String s -> PythonStrings.characters(s).iterator();
            case List<?> l -> ((List<Object>) l).iterator();
            case Tuple t -> t.items().iterator();
            case Map<?, ?> m -> ((Map<Object, Object>) m).keySet().iterator();
            case View v -> v.items().iterator();
            case Generator o -> o.items();
            case Undefined u -> List.of().iterator();
            default -> throw new TemplateError("'" + typeName(value) + "' object is not iterable");
        };
    }

    static boolean iterable(Object value) {
        return switch (value) {
            case String s -> true;
            case List<?> l -> true;
            case Tuple t -> true;
            case Map<?, ?> m -> true;
            case View v -> true;
            case Generator o -> true;
            case Undefined u -> true;
            case Loop l -> true;
            default -> false;
        };
    }

    static List<Object> list(Object value, Budget budget) {
        if (value instanceof String s) {
            budget.copy(s.length() * 16L);
        }
        List<Object> items = new ArrayList<>();
        for (Iterator<Object> i = iterate(value); i.hasNext(); ) {
            budget.step();
            items.add(i.next());
        }
        return items;
    }

    static boolean equal(Object a, Object b, Budget budget) {
        budget.enter();
        boolean equal = switch (a) {
            case String s -> s.equals(b);
            case Boolean x when b instanceof Boolean y -> x.equals(y);
            case Undefined u -> b instanceof Undefined;
            case List<?> x
            when !(a instanceof Range) && b instanceof List<?> y && !(b instanceof Range) -> equalItems(x, y, budget);
            case Range x when b instanceof Range y -> equalItems(x, y, budget);
            case Tuple x when b instanceof Tuple y -> equalItems(x.items(), y.items(), budget);
            case Map<?, ?> x when b instanceof Map<?, ?> y -> equalMaps(x, y, budget);
            default ->
                Arithmetic.isNumber(a) && Arithmetic.isNumber(b)
                        ? Arithmetic.compare(a, b) == 0 && !Arithmetic.isNan(a) && !Arithmetic.isNan(b)
                        : a == b;
        };
        budget.leave();
        return equal;
    }

    private static boolean equalItems(List<?> a, List<?> b, Budget budget) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!equal(a.get(i), b.get(i), budget)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equalMaps(Map<?, ?> a, Map<?, ?> b, Budget budget) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Map.Entry<?, ?> entry : a.entrySet()) {
            Object other = b.get(entry.getKey());
            if (other == null || !equal(entry.getValue(), other, budget)) {
                return false;
            }
        }
        return true;
    }

    /** @throws Fault when Python has no order for the two */
    static int compare(Object a, Object b, String operator, Budget budget) {
        budget.enter();
        try {
            if (a instanceof String x && b instanceof String y) {
                return compareStrings(x, y);
            }
            if (Arithmetic.isNumber(a) && Arithmetic.isNumber(b)) {
                return Arithmetic.compare(a, b);
            }
            if (a instanceof Tuple x && b instanceof Tuple y) {
                return compareItems(x.items(), y.items(), operator, budget);
            }
            if (a instanceof List<?> x && b instanceof List<?> y) {
                return compareItems(x, y, operator, budget);
            }
        } finally {
            budget.leave();
        }
        if (a instanceof Undefined u) {
            throw u.error();
        }
        if (b instanceof Undefined u) {
            throw u.error();
        }
        throw new TemplateError("'" + operator + "' not supported between instances of '" + typeName(a) + "' and '"
                + typeName(b) + "'");
    }

    private static int compareItems(List<?> a, List<?> b, String operator, Budget budget) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!equal(a.get(i), b.get(i), budget)) {
                return compare(a.get(i), b.get(i), operator, budget);
            }
        }
        return Integer.compare(a.size(), b.size());
    }

    /** By code point, where Java orders by UTF-16 unit. */
    private static int compareStrings(String a, String b) {
        int n = Math.min(a.length(), b.length());
        for (int i = 0; i < n; i++) {
            if (a.charAt(i) != b.charAt(i)) {
                boolean pair = Character.isSurrogate(a.charAt(i)) || Character.isSurrogate(b.charAt(i));
                return pair
                        ? Integer.compare(a.codePointAt(i), b.codePointAt(i))
                        : Character.compare(a.charAt(i), b.charAt(i));
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    static boolean contains(Object item, Object container, Budget budget) {
        switch (container) {
            case String s -> {
                if (item instanceof String part) {
                    budget.copy(s.length());
                    return s.contains(part);
                }
                if (item instanceof Undefined u) {
                    throw new TemplateError(
                            "'in <string>' requires string as left operand, not Undefined (" + u.hint() + ")");
                }
                throw new TemplateError("'in <string>' requires string as left operand, not " + typeName(item));
            }
            case Map<?, ?> map -> {
                return map.containsKey(key(item));
            }
            default -> {
                if (!iterable(container)) {
                    throw new TemplateError("argument of type '" + typeName(container) + "' is not iterable");
                }
                for (Iterator<Object> i = iterate(container); i.hasNext(); ) {
                    if (equal(i.next(), item, budget)) {
                        return true;
                    }
                }
                return false;
            }
        }
    }

    /** A value as the key of a dict: 1, 1.0 and true are one key. */
    static Object key(Object value) {
        return switch (value) {
            case Boolean b -> b ? 1L : 0L;
            case Double d when d == Math.rint(d) && Math.abs(d) < 1e18 -> d.longValue();
            case List<?> l -> throw new TemplateError("unhashable type: '" + typeName(value) + "'");
            case Map<?, ?> m -> throw new TemplateError("unhashable type: 'dict'");
            case Tuple t -> List.copyOf(t.items().stream().map(Python::key).toList());
            default -> value;
        };
    }

    static String str(Object value, Budget budget) {
        return switch (value) {
            case String s -> s;
            case Undefined u -> "";
            case ParsedJson json -> json.text();
            default -> {
                StringBuilder out = new StringBuilder();
                PythonRepr.append(value, out, budget);
                yield budget.made(out.toString());
            }
        };
    }

    static String repr(String text) {
        StringBuilder out = new StringBuilder();
        PythonRepr.quote(text, out);
        return out.toString();
    }
}
