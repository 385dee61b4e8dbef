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

    static Object apply(String name, Object value, Arguments args, RenderContext context) {
        return switch (name) {
            case "first" -> {
                Iterator<Object> items = Python.iterate(value);
                yield items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
            }
            case "last" -> last(value, context);
            case "join" -> join(value, args, context);
            case "items" -> items(value);
            case "map" -> map(value, args, context);
            case "select" -> filter(value, true, condition(args, false, context), context);
            case "reject" -> filter(value, false, condition(args, false, context), context);
            case "selectattr" -> filter(value, true, condition(args, true, context), context);
            case "rejectattr" -> filter(value, false, condition(args, true, context), context);
            case "dictsort" -> dictSort(value, args, context);
            case "sort" -> sort(value, args, context);
            case "unique" -> unique(value, args, context);
            case "reverse" -> reverse(value, context);
            case "sum" -> sum(value, args, context);
            case "min" -> extreme(value, args, -1, context);
            case "max" -> extreme(value, args, 1, context);
            case "batch" -> batch(value, args, context);
            case "groupby" -> groupBy(value, args, context);
            default -> throw new TemplateError("the filter '" + name + "' is not supported in a chat template");
        };
    }

    private static Object last(Object value, RenderContext context) {
        if (value instanceof Generator || value instanceof Undefined && !Python.iterable(value)) {
            throw new TemplateError("'generator' object is not reversible");
        }
        List<Object> items = Python.list(value, context.budget);
        return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.getLast();
    }

    private static String join(Object value, Arguments args, RenderContext context) {
        String separator = context.str(args.get(0, "d", ""));
        Function<Object, Object> attribute = attribute(args.get(1, "attribute", None.NONE), null, context);
        List<Object> parts = new ArrayList<>();
        for (Object item : Python.list(value, context.budget)) {
            parts.add(context.str(attribute.apply(item)));
        }
        return StringMethods.join(separator, parts, context.budget, context.origins);
    }

    private static Object items(Object value) {
        return switch (value) {
            case Undefined u -> new Generator(List.of().iterator());
            case Map<?, ?> map -> new Generator(Members.entries(map).iterator());
            default -> throw new TemplateError("Can only get item pairs from a mapping.");
        };
    }

    /** Looks up a dotted path in each item; the item itself without one. */
    private static Function<Object, Object> attribute(Object path, @Nullable Object otherwise, RenderContext context) {
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
                found = context.members.item(found, part);
                found = found instanceof Undefined && otherwise != null ? otherwise : found;
            }
            return found;
        };
    }

    private static Object map(Object value, Arguments args, RenderContext context) {
        Function<Object, Object> function;
        if (args.positional().isEmpty() && args.named().containsKey("attribute")) {
            Object otherwise = args.named().get("default");
            function = attribute(args.require(0, "attribute"), otherwise == None.NONE ? null : otherwise, context);
        } else {
            String name = args.string(0, "filter", "");
            if (!Filters.exists(name)) {
                throw new TemplateError(
                        name.isEmpty() ? "map requires a filter argument" : "No filter named '" + name + "'.");
            }
            function = item -> Filters.apply(name, item, args.without(1), context);
        }
        return lazily(value, item -> true, function, context);
    }

    private static Predicate<Object> condition(Arguments args, boolean ofAttribute, RenderContext context) {
        int at = ofAttribute ? 1 : 0;
        Function<Object, Object> subject =
                ofAttribute ? attribute(args.require(0, "attribute"), null, context) : item -> item;
        if (args.positional().size() <= at) {
            return item -> Python.truthy(subject.apply(item));
        }
        String test = args.string(at, "test", "");
        if (!Tests.exists(test)) {
            throw new TemplateError("No test named '" + test + "'.");
        }
        Arguments rest = args.without(at + 1);
        return item -> Tests.apply(test, subject.apply(item), rest, context);
    }

    private static Object filter(Object value, boolean keep, Predicate<Object> condition, RenderContext context) {
        return Python.truthy(value)
                ? lazily(value, item -> condition.test(item) == keep, item -> item, context)
                : new Generator(List.of().iterator());
    }

    static Generator lazily(
            Object value, Predicate<Object> condition, Function<Object, Object> function, RenderContext context) {
        Iterator<Object> source = Python.iterate(value);
        return new Generator(new Iterator<>() {
            private @Nullable Object next;

            @Override
            public boolean hasNext() {
                while (next == null && source.hasNext()) {
                    context.budget.enter();
                    Object item = source.next();
                    if (condition.test(item)) {
                        next = function.apply(item);
                    }
                    context.budget.leave();
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
        return !caseSensitive && value instanceof String s ? PythonStrings.lower(s) : value;
    }

    private static List<Object> sorted(
            List<Object> items, Function<Object, Object> key, boolean reverse, RenderContext context) {
        List<Map.Entry<Object, Object>> keyed = new ArrayList<>();
        items.forEach(item -> keyed.add(Map.entry(key.apply(item), item)));
        Comparator<Map.Entry<Object, Object>> order =
                (a, b) -> Python.compare(a.getKey(), b.getKey(), "<", context.budget);
        keyed.sort(reverse ? order.reversed() : order);
        List<Object> out = new ArrayList<>();
        keyed.forEach(entry -> out.add(entry.getValue()));
        return out;
    }

    private static Object dictSort(Object value, Arguments args, RenderContext context) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new TemplateError("dictsort takes a mapping, not " + Python.typeName(value));
        }
        boolean caseSensitive = args.flag(0, "case_sensitive", false);
        int position = switch (args.string(1, "by", "key")) {
            case "key" -> 0;
            case "value" -> 1;
            default -> throw new TemplateError("You can only sort by either \"key\" or \"value\"");
        };
        return sorted(
                Members.entries(map),
                pair -> ignoringCase(((Tuple) pair).items().get(position), caseSensitive),
                args.flag(2, "reverse", false),
                context);
    }

    private static Object sort(Object value, Arguments args, RenderContext context) {
        boolean caseSensitive = args.flag(1, "case_sensitive", false);
        Object by = args.get(2, "attribute", None.NONE);
        List<Function<Object, Object>> parts = new ArrayList<>();
        for (Object path : by instanceof String s ? List.<Object>of((Object[]) s.split(",")) : List.of(by)) {
            parts.add(attribute(path, null, context));
        }
        Function<Object, Object> key = item -> new Tuple(parts.stream()
                .map(part -> ignoringCase(part.apply(item), caseSensitive))
                .toList());
        return sorted(Python.list(value, context.budget), key, args.flag(0, "reverse", false), context);
    }

    private static Object unique(Object value, Arguments args, RenderContext context) {
        boolean caseSensitive = args.flag(0, "case_sensitive", false);
        Function<Object, Object> attribute = attribute(args.get(1, "attribute", None.NONE), null, context);
        Set<Object> seen = new HashSet<>();
        return lazily(
                value,
                item -> seen.add(Python.key(ignoringCase(attribute.apply(item), caseSensitive))),
                item -> item,
                context);
    }

    private static Object reverse(Object value, RenderContext context) {
        if (value instanceof String s) {
            context.budget.copy(s.length());
            int[] points = s.codePoints().toArray();
            StringBuilder out = new StringBuilder(s.length());
            for (int i = points.length - 1; i >= 0; i--) {
                out.appendCodePoint(points[i]);
            }
            return out.toString();
        }
        List<Object> items = Python.list(value, context.budget);
        Collections.reverse(items);
        return value instanceof Generator ? items : new Generator(items.iterator());
    }

    private static Object sum(Object value, Arguments args, RenderContext context) {
        Function<Object, Object> attribute = attribute(args.get(0, "attribute", None.NONE), null, context);
        Object total = args.get(1, "start", 0L);
        for (Object item : Python.list(value, context.budget)) {
            total = Arithmetic.binary("+", total, attribute.apply(item), context);
        }
        return total;
    }

    private static Object extreme(Object value, Arguments args, int sign, RenderContext context) {
        boolean caseSensitive = args.flag(0, "case_sensitive", false);
        Function<Object, Object> attribute = attribute(args.get(1, "attribute", None.NONE), null, context);
        Object best = null;
        Object bestKey = None.NONE;
        for (Object item : Python.list(value, context.budget)) {
            Object key = ignoringCase(attribute.apply(item), caseSensitive);
            if (best == null || Python.compare(key, bestKey, sign > 0 ? ">" : "<", context.budget) * sign > 0) {
                best = item;
                bestKey = key;
            }
        }
        return best == null ? new Undefined("No aggregated item, sequence was empty.") : best;
    }

    private static Object batch(Object value, Arguments args, RenderContext context) {
        int size = Math.clamp(args.integer(0, "linecount", 1), 1, 1_000_000);
        Object fill = args.get(1, "fill_with", None.NONE);
        List<Object> rows = new ArrayList<>();
        List<Object> row = new ArrayList<>();
        for (Object item : Python.list(value, context.budget)) {
            if (row.size() == size) {
                rows.add(row);
                row = new ArrayList<>();
            }
            row.add(item);
        }
        if (!row.isEmpty()) {
            while (fill != None.NONE && row.size() < size) {
                context.budget.step();
                row.add(fill);
            }
            rows.add(row);
        }
        return new Generator(rows.iterator());
    }

    private static Object groupBy(Object value, Arguments args, RenderContext context) {
        boolean caseSensitive = args.flag(2, "case_sensitive", false);
        Object otherwise = args.get(1, "default", None.NONE);
        Function<Object, Object> plain =
                attribute(args.require(0, "attribute"), otherwise == None.NONE ? null : otherwise, context);
        Function<Object, Object> key = item -> ignoringCase(plain.apply(item), caseSensitive);
        List<Object> groups = new ArrayList<>();
        List<Object> group = new ArrayList<>();
        for (Object item : sorted(Python.list(value, context.budget), key, false, context)) {
            if (!group.isEmpty() && !Python.equal(key.apply(group.getFirst()), key.apply(item), context.budget)) {
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
