package dev.baton.tokenizer.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Filters over sequences. Those that Jinja makes lazy are lazy here too: walked once, without a length. */
final class SequenceFilters {
    static final Set<String> NAMES = Set.of(
            "batch",
            "dictsort",
            "first",
            "groupby",
            "items",
            "join",
            "last",
            "map",
            "max",
            "min",
            "random",
            "reject",
            "rejectattr",
            "reverse",
            "select",
            "selectattr",
            "slice",
            "sort",
            "sum",
            "unique");

    private SequenceFilters() {}

    static Object apply(String name, Object value, Args args, Session session) {
        return switch (name) {
            case "first" -> {
                Iterator<Object> items = Python.iterate(value);
                yield items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
            }
            case "last" -> last(value, session);
            case "join" -> join(value, args, session);
            case "items" -> items(value);
            case "map" -> map(value, args, session);
            case "select" -> filter(value, true, condition(args, false, session), session);
            case "reject" -> filter(value, false, condition(args, false, session), session);
            case "selectattr" -> filter(value, true, condition(args, true, session), session);
            case "rejectattr" -> filter(value, false, condition(args, true, session), session);
            case "dictsort" -> dictSort(value, args, session);
            case "sort" -> sort(value, args, session);
            case "unique" -> unique(value, args, session);
            case "reverse" -> reverse(value, session);
            case "sum" -> sum(value, args, session);
            case "min" -> extreme(value, args, -1, session);
            case "max" -> extreme(value, args, 1, session);
            case "batch" -> batch(value, args, session);
            case "groupby" -> groupBy(value, args, session);
            default -> throw new Fault("the filter '" + name + "' is not supported in a chat template");
        };
    }

    private static Object last(Object value, Session session) {
        if (value instanceof Once || value instanceof Undefined && !Python.iterable(value)) {
            throw new Fault("'generator' object is not reversible");
        }
        List<Object> items = Python.list(value, session.budget);
        return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.getLast();
    }

    private static String join(Object value, Args args, Session session) {
        String separator = session.str(args.get(0, "d", ""));
        Function<Object, Object> attribute = attribute(args.get(1, "attribute", None.NONE), null, session);
        List<Object> parts = new ArrayList<>();
        for (Object item : Python.list(value, session.budget)) {
            parts.add(session.str(attribute.apply(item)));
        }
        return StringMethods.join(separator, parts, session.budget);
    }

    private static Object items(Object value) {
        return switch (value) {
            case Undefined u -> new Once(List.of().iterator());
            case Map<?, ?> map -> new Once(Members.entries(map).iterator());
            default -> throw new Fault("Can only get item pairs from a mapping.");
        };
    }

    /** Looks up a dotted path in each item; the item itself without one. */
    private static Function<Object, Object> attribute(Object path, @Nullable Object otherwise, Session session) {
        if (path == None.NONE) {
            return item -> item;
        }
        List<Object> parts = new ArrayList<>();
        if (path instanceof String s) {
            for (String part : s.split("\\.", -1)) {
                boolean number =
                        !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
                parts.add(number ? (Object) Long.valueOf(part) : part);
            }
        } else {
            parts.add(path);
        }
        return item -> {
            Object found = item;
            for (Object part : parts) {
                found = session.members.item(found, part);
                found = found instanceof Undefined && otherwise != null ? otherwise : found;
            }
            return found;
        };
    }

    private static Object map(Object value, Args args, Session session) {
        Function<Object, Object> function;
        if (args.positional().isEmpty() && args.named().containsKey("attribute")) {
            Object otherwise = args.named().get("default");
            function = attribute(args.require(0, "attribute"), otherwise == None.NONE ? null : otherwise, session);
        } else {
            String name = args.string(0, "filter", "");
            if (!Filters.exists(name)) {
                throw new Fault(name.isEmpty() ? "map requires a filter argument" : "No filter named '" + name + "'.");
            }
            function = item -> Filters.apply(name, item, args.without(1), session);
        }
        return lazily(value, item -> true, function, session);
    }

    private static Predicate<Object> condition(Args args, boolean ofAttribute, Session session) {
        int at = ofAttribute ? 1 : 0;
        Function<Object, Object> subject =
                ofAttribute ? attribute(args.require(0, "attribute"), null, session) : item -> item;
        if (args.positional().size() <= at) {
            return item -> Python.truthy(subject.apply(item));
        }
        String test = args.string(at, "test", "");
        if (!Tests.exists(test)) {
            throw new Fault("No test named '" + test + "'.");
        }
        Args rest = args.without(at + 1);
        return item -> Tests.apply(test, subject.apply(item), rest, session);
    }

    private static Object filter(Object value, boolean keep, Predicate<Object> condition, Session session) {
        return Python.truthy(value)
                ? lazily(value, item -> condition.test(item) == keep, item -> item, session)
                : new Once(List.of().iterator());
    }

    static Once lazily(Object value, Predicate<Object> condition, Function<Object, Object> function, Session session) {
        Iterator<Object> source = Python.iterate(value);
        return new Once(new Iterator<>() {
            private @Nullable Object next;

            @Override
            public boolean hasNext() {
                while (next == null && source.hasNext()) {
                    session.budget.enter();
                    Object item = source.next();
                    if (condition.test(item)) {
                        next = function.apply(item);
                    }
                    session.budget.leave();
                }
                return next != null;
            }

            @Override
            public Object next() {
                if (!hasNext() || next == null) {
                    throw new NoSuchElementException();
                }
                Object item = next;
                next = null;
                return item;
            }
        });
    }

    private static Object ignoringCase(Object value, boolean caseSensitive) {
        return !caseSensitive && value instanceof String s ? Text.lower(s) : value;
    }

    private static List<Object> sorted(
            List<Object> items, Function<Object, Object> key, boolean reverse, Session session) {
        List<Map.Entry<Object, Object>> keyed = new ArrayList<>();
        items.forEach(item -> keyed.add(Map.entry(key.apply(item), item)));
        Comparator<Map.Entry<Object, Object>> order =
                (a, b) -> Python.compare(a.getKey(), b.getKey(), "<", session.budget);
        keyed.sort(reverse ? order.reversed() : order);
        List<Object> out = new ArrayList<>();
        keyed.forEach(entry -> out.add(entry.getValue()));
        return out;
    }

    private static Object dictSort(Object value, Args args, Session session) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new Fault("dictsort takes a mapping, not " + Python.typeName(value));
        }
        boolean caseSensitive = args.flag(0, "case_sensitive", false);
        int position = switch (args.string(1, "by", "key")) {
            case "key" -> 0;
            case "value" -> 1;
            default -> throw new Fault("You can only sort by either \"key\" or \"value\"");
        };
        return sorted(
                Members.entries(map),
                pair -> ignoringCase(((Tuple) pair).items().get(position), caseSensitive),
                args.flag(2, "reverse", false),
                session);
    }

    private static Object sort(Object value, Args args, Session session) {
        boolean caseSensitive = args.flag(1, "case_sensitive", false);
        Object by = args.get(2, "attribute", None.NONE);
        List<Function<Object, Object>> parts = new ArrayList<>();
        for (Object path : by instanceof String s ? List.<Object>of((Object[]) s.split(",")) : List.of(by)) {
            parts.add(attribute(path, null, session));
        }
        Function<Object, Object> key = item -> new Tuple(parts.stream()
                .map(part -> ignoringCase(part.apply(item), caseSensitive))
                .toList());
        return sorted(Python.list(value, session.budget), key, args.flag(0, "reverse", false), session);
    }

    private static Object unique(Object value, Args args, Session session) {
        boolean caseSensitive = args.flag(0, "case_sensitive", false);
        Function<Object, Object> attribute = attribute(args.get(1, "attribute", None.NONE), null, session);
        Set<Object> seen = new HashSet<>();
        return lazily(
                value,
                item -> seen.add(Python.key(ignoringCase(attribute.apply(item), caseSensitive))),
                item -> item,
                session);
    }

    private static Object reverse(Object value, Session session) {
        if (value instanceof String s) {
            session.budget.copy(s.length());
            int[] points = s.codePoints().toArray();
            StringBuilder out = new StringBuilder(s.length());
            for (int i = points.length - 1; i >= 0; i--) {
                out.appendCodePoint(points[i]);
            }
            return out.toString();
        }
        List<Object> items = Python.list(value, session.budget);
        Collections.reverse(items);
        return value instanceof Once ? items : new Once(items.iterator());
    }

    private static Object sum(Object value, Args args, Session session) {
        Function<Object, Object> attribute = attribute(args.get(0, "attribute", None.NONE), null, session);
        Object total = args.get(1, "start", 0L);
        for (Object item : Python.list(value, session.budget)) {
            total = Arithmetic.binary("+", total, attribute.apply(item), session.budget);
        }
        return total;
    }

    private static Object extreme(Object value, Args args, int sign, Session session) {
        boolean caseSensitive = args.flag(0, "case_sensitive", false);
        Function<Object, Object> attribute = attribute(args.get(1, "attribute", None.NONE), null, session);
        Object best = null;
        Object bestKey = None.NONE;
        for (Object item : Python.list(value, session.budget)) {
            Object key = ignoringCase(attribute.apply(item), caseSensitive);
            if (best == null || Python.compare(key, bestKey, sign > 0 ? ">" : "<", session.budget) * sign > 0) {
                best = item;
                bestKey = key;
            }
        }
        return best == null ? new Undefined("No aggregated item, sequence was empty.") : best;
    }

    private static Object batch(Object value, Args args, Session session) {
        int size = Math.clamp(args.integer(0, "linecount", 1), 1, 1_000_000);
        Object fill = args.get(1, "fill_with", None.NONE);
        List<Object> rows = new ArrayList<>();
        List<Object> row = new ArrayList<>();
        for (Object item : Python.list(value, session.budget)) {
            if (row.size() == size) {
                rows.add(row);
                row = new ArrayList<>();
            }
            row.add(item);
        }
        if (!row.isEmpty()) {
            while (fill != None.NONE && row.size() < size) {
                session.budget.step();
                row.add(fill);
            }
            rows.add(row);
        }
        return new Once(rows.iterator());
    }

    private static Object groupBy(Object value, Args args, Session session) {
        boolean caseSensitive = args.flag(2, "case_sensitive", false);
        Object otherwise = args.get(1, "default", None.NONE);
        Function<Object, Object> plain =
                attribute(args.require(0, "attribute"), otherwise == None.NONE ? null : otherwise, session);
        Function<Object, Object> key = item -> ignoringCase(plain.apply(item), caseSensitive);
        List<Object> groups = new ArrayList<>();
        List<Object> group = new ArrayList<>();
        for (Object item : sorted(Python.list(value, session.budget), key, false, session)) {
            if (!group.isEmpty() && !Python.equal(key.apply(group.getFirst()), key.apply(item), session.budget)) {
                groups.add(Tuple.of(plain.apply(group.getFirst()), group));
                group = new ArrayList<>();
            }
            group.add(item);
        }
        if (!group.isEmpty()) {
            groups.add(Tuple.of(plain.apply(group.getFirst()), group));
        }
        return groups;
    }
}
