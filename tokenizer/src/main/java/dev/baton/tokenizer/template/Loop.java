package dev.baton.tokenizer.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The {@code loop} of a for block. The items are walked lazily, one ahead only when asked for the next or the last, and
 * all of them only when asked for their number: a condition on the items may read what the body has set.
 */
final class Loop implements Callable {
    private Iterator<Object> source;
    private final Budget budget;
    private final int depth0;
    private final @Nullable BiFunction<Object, Integer, Object> recurse;
    private int index0 = -1;
    private long length = -1;
    private @Nullable Object before;
    private @Nullable Object current;
    private @Nullable Object after;
    private @Nullable List<Object> lastChanged;

    Loop(
            Object items,
            Iterator<Object> source,
            Budget budget,
            int depth0,
            @Nullable BiFunction<Object, Integer, Object> recurse) {
        this.source = source;
        this.budget = budget;
        this.depth0 = depth0;
        this.recurse = recurse;
        if (!(items instanceof Generator)) {
            this.length = Python.length(items);
        }
    }

    /** The next item, or null at the end. */
    @Nullable
    Object advance() {
        Object item = peek();
        after = null;
        if (item != null) {
            index0++;
            before = current;
            current = item;
        }
        return item;
    }

    private @Nullable Object peek() {
        if (after == null && source.hasNext()) {
            after = source.next();
        }
        return after;
    }

    int index() {
        return index0 + 1;
    }

    long length() {
        if (length < 0) {
            List<Object> rest = new ArrayList<>();
            source.forEachRemaining(item -> {
                budget.step();
                rest.add(item);
            });
            source = rest.iterator();
            length = rest.size() + index() + (after != null ? 1 : 0);
        }
        return length;
    }

    @Nullable
    Object attribute(String name) {
        return switch (name) {
            case "index" -> (long) index();
            case "index0" -> (long) index0;
            case "first" -> index0 == 0;
            case "last" -> peek() == null;
            case "length" -> length();
            case "revindex" -> length() - index0;
            case "revindex0" -> length() - index();
            case "depth" -> (long) depth0 + 1;
            case "depth0" -> (long) depth0;
            case "previtem" -> before != null ? before : new Undefined("there is no previous item");
            case "nextitem" -> {
                Object next = peek();
                yield next != null ? next : new Undefined("there is no next item");
            }
            case "cycle" -> (Callable) this::cycle;
            case "changed" -> (Callable) this::changed;
            default -> null;
        };
    }

    private Object cycle(Arguments args) {
        if (args.positional().isEmpty()) {
            throw new TemplateError("no items for cycling given");
        }
        return args.positional().get(index0 % args.positional().size());
    }

    private Object changed(Arguments args) {
        List<Object> values = args.positional();
        if (lastChanged != null && Python.equal(lastChanged, values, budget)) {
            return false;
        }
        lastChanged = values;
        return true;
    }

    @Override
    public Object call(Arguments args) {
        if (recurse == null) {
            throw new TemplateError("The loop must have the 'recursive' marker to be called recursively.");
        }
        return recurse.apply(args.require(0, "iterable"), depth0 + 1);
    }
}
