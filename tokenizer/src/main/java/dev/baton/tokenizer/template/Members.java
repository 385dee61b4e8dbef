package dev.baton.tokenizer.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What stands behind a dot or in brackets. A dot finds methods before keys, brackets keys before methods, as in Python's
 * Jinja; and like its sandbox, private names and methods that change a list or dict are not there.
 */
final class Members {
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
    private static final Set<String> MAP_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private final RenderContext context;
    private final Budget budget;
    private final Origins origins;

    Members(RenderContext context) {
        this.context = context;
        this.budget = context.budget;
        this.origins = context.origins;
    }

    Object attribute(Object owner, String name) {
        if (owner instanceof Undefined u) {
            throw u.error();
        }
        Object member = member(owner, name);
        if (member != null) {
            return member;
        }
        Object value = owner instanceof Map<?, ?> map ? map.get(name) : null;
        return value != null ? value : Undefined.attribute(owner, name);
    }

    Object item(Object owner, Object index) {
        if (owner instanceof Undefined u) {
            throw u.error();
        }
        Object found = switch (owner) {
            case Map<?, ?> map ->
                index instanceof List<?> || index instanceof Map<?, ?> ? null : map.get(Python.key(index));
            case List<?> list -> at(list, index);
            case Tuple tuple -> at(tuple.items(), index);
            case String s -> {
                String one = character(s, index);
                yield one != null && origins.isMarkup(s) ? origins.markup(one) : one;
            }
            default -> null;
        };
        if (found == null && index instanceof String name) {
            found = member(owner, name);
        }
        return found != null ? found : Undefined.attribute(owner, index);
    }

    private static @Nullable Object at(List<?> list, Object index) {
        int i = position(index, list.size());
        return i < 0 ? null : list.get(i);
    }

    private @Nullable String character(String s, Object index) {
        int i = position(index, PythonStrings.length(s));
        return i < 0 ? null : origins.part(s, s.offsetByCodePoints(0, i), PythonStrings.substring(s, i, i + 1));
    }

    /** The place that an index names, from the end when negative; -1 when there is none. */
    private static int position(Object index, int size) {
        if (!(index instanceof Long) && !(index instanceof Boolean)) {
            return -1;
        }
        long i = Arithmetic.toBig(index).longValue();
        long place = i < 0 ? i + size : i;
        return place >= 0 && place < size ? (int) place : -1;
    }

    Object slice(Object owner, Object from, Object to, Object step) {
        return switch (owner) {
            case Undefined u -> throw u.error();
            case String s -> {
                budget.copy(s.length());
                List<Integer> picks = picks(PythonStrings.length(s), from, to, step);
                String part = sliced(s, picks);
                yield origins.isMarkup(s) ? origins.markup(part) : part;
            }
            case Tuple t -> new Tuple(pick(t.items(), picks(t.items().size(), from, to, step)));
            case List<?> l -> pick(l, picks(l.size(), from, to, step));
            default ->
                throw new TemplateError("'" + Python.typeName(owner) + "' object is not subscriptable by a slice");
        };
    }

    private String sliced(String s, List<Integer> picks) {
        if (picks.isEmpty()) {
            return "";
        }
        if (picks.getLast() - picks.getFirst() == picks.size() - 1) {
            int from = picks.getFirst();
            return origins.part(
                    s, s.offsetByCodePoints(0, from), PythonStrings.substring(s, from, picks.getLast() + 1));
        }
        int[] points = s.codePoints().toArray();
        StringBuilder out = new StringBuilder();
        picks.forEach(i -> out.appendCodePoint(points[i]));
        return origins.derived(out.toString(), s);
    }

    private List<Object> pick(List<?> items, List<Integer> picks) {
        List<Object> out = new ArrayList<>(picks.size());
        picks.forEach(i -> out.add(items.get(i)));
        return out;
    }

    private List<Integer> picks(int size, Object from, Object to, Object step) {
        long by = bound(step, 1);
        if (by == 0) {
            throw new TemplateError("slice step cannot be zero");
        }
        long lowest = by > 0 ? 0 : -1;
        long highest = by > 0 ? size : size - 1;
        long start = end(bound(from, by > 0 ? lowest : highest), from, size, lowest, highest);
        long stop = end(bound(to, by > 0 ? highest : lowest), to, size, lowest, highest);
        budget.copy(size);
        List<Integer> picks = new ArrayList<>();
        for (long i = start; by > 0 ? i < stop : i > stop; i += by) {
            picks.add((int) i);
        }
        return picks;
    }

    private static long end(long value, Object given, int size, long lowest, long highest) {
        long place = value < 0 && given != None.NONE ? value + size : value;
        return Math.clamp(place, lowest, highest);
    }

    private static long bound(Object value, long otherwise) {
        return switch (value) {
            case None n -> otherwise;
            case Long n -> Math.clamp(n, -(1L << 40), 1L << 40);
            case Boolean b -> b ? 1 : 0;
            case BigInteger n -> n.signum() < 0 ? -(1L << 40) : 1L << 40;
            case Undefined u ->
                throw new TemplateError("slice indices must be integers or None, not Undefined (" + u.hint() + ")");
            default -> throw new TemplateError("slice indices must be integers or None, not " + Python.typeName(value));
        };
    }

    /** A method or attribute of the value's type; null when it has none of that name. */
    private @Nullable Object member(Object owner, String name) {
        if (name.startsWith("__")) {
            return new Undefined("access to attribute " + Python.repr(name) + " of "
                    + Python.repr(Python.typeName(owner)) + " object is unsafe.");
        }
        return switch (owner) {
            case String s -> origins.isMarkup(s) ? markupMethod(s, name) : StringMethods.find(s, name, budget, origins);
            case Map<?, ?> map -> mapMember(map, name);
            case List<?> list -> listMember(list, name);
            case Tuple tuple -> sequenceMember(tuple.items(), name);
            case Namespace namespace -> namespace.attributes().get(name);
            case Loop loop -> loop.attribute(name);
            case Macro macro -> name.equals("name") ? macro.name() : null;
            default -> null;
        };
    }

    /** As a string's, but texts that it is given are escaped, and what it gives is markup. */
    private @Nullable Object markupMethod(String s, String name) {
        Callable plain = StringMethods.find(s, name, budget, origins);
        return plain == null ? null : (Callable) args -> asMarkup(plain.call(escaped(args)));
    }

    private Arguments escaped(Arguments args) {
        Map<String, Object> named = new LinkedHashMap<>();
        args.named().forEach((key, value) -> named.put(key, Markup.escapedWithin(value, context)));
        return new Arguments(
                args.positional().stream()
                        .map(value -> Markup.escapedWithin(value, context))
                        .toList(),
                named);
    }

    private Object asMarkup(Object value) {
        return switch (value) {
            case String text -> origins.markup(text);
            case List<?> items -> items.stream().map(this::asMarkup).toList();
            case Tuple tuple ->
                new Tuple(tuple.items().stream().map(this::asMarkup).toList());
            default -> value;
        };
    }

    private @Nullable Object listMember(List<?> list, String name) {
        if (LIST_CHANGES.contains(name) && !(list instanceof Range)) {
            return unsafe(list, name);
        }
        return name.equals("copy") ? (Callable) args -> new ArrayList<Object>(list) : sequenceMember(list, name);
    }

    private @Nullable Object sequenceMember(List<?> items, String name) {
        return switch (name) {
            case "index" ->
                (Callable) args -> {
                    for (int i = 0; i < items.size(); i++) {
                        if (Python.equal(items.get(i), args.require(0, "value"), budget)) {
                            return (long) i;
                        }
                    }
                    throw new TemplateError("the value is not in the list");
                };
            case "count" ->
                (Callable) args -> items.stream()
                        .filter(item -> Python.equal(item, args.require(0, "value"), budget))
                        .count();
            default -> null;
        };
    }

    private @Nullable Object mapMember(Map<?, ?> map, String name) {
        if (MAP_CHANGES.contains(name)) {
            return unsafe(map, name);
        }
        return switch (name) {
            case "get" ->
                (Callable) args -> {
                    Object value = map.get(Python.key(args.atMost(2, name).require(0, "key")));
                    return value != null ? value : args.get(1, "default", None.NONE);
                };
            case "keys" -> (Callable) args -> new View("dict_keys", List.copyOf(map.keySet()));
            case "values" -> (Callable) args -> new View("dict_values", List.copyOf(map.values()));
            case "items" -> (Callable) args -> new View("dict_items", entries(map));
            case "copy" -> (Callable) args -> new LinkedHashMap<Object, Object>(map);
            default -> null;
        };
    }

    static List<Object> entries(Map<?, ?> map) {
        List<Object> entries = new ArrayList<>(map.size());
        map.forEach((key, value) -> entries.add(Tuple.of(key, value)));
        return entries;
    }

    private static Undefined unsafe(Object owner, String name) {
        return new Undefined("access to attribute " + Python.repr(name) + " of " + Python.repr(Python.typeName(owner))
                + " object is unsafe.");
    }
}
