package dev.baton.tokenizer.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of one call, evaluated. {@code named} may be taken from by the callee. */
record Arguments(List<Object> positional, Map<String, Object> named) {
    int count() {
        return positional.size() + named.size();
    }

    /** The argument at a position or by its name. */
    @Nullable
    Object get(int position, String name) {
        return position < positional.size() ? positional.get(position) : named.get(name);
    }

    Object get(int position, String name, Object otherwise) {
        Object value = get(position, name);
        return value == null ? otherwise : value;
    }

    Object require(int position, String name) {
        Object value = get(position, name);
        if (value == null) {
            throw new TemplateError("missing argument " + Python.repr(name));
        }
        return value;
    }

    String string(int position, String name, String otherwise) {
        Object value = get(position, name, otherwise);
        if (value instanceof String s) {
            return s;
        }
        throw new TemplateError("argument " + Python.repr(name) + " must be str, not " + Python.typeName(value));
    }

    @Nullable
    String stringOrNone(int position, String name) {
        Object value = get(position, name, None.NONE);
        return value == None.NONE ? null : string(position, name, "");
    }

    int integer(int position, String name, int otherwise) {
        Object value = get(position, name, (long) otherwise);
        return switch (value) {
            case Long n -> (int) Math.clamp(n, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case Boolean b -> b ? 1 : 0;
            default ->
                throw new TemplateError(
                        "argument " + Python.repr(name) + " must be int, not " + Python.typeName(value));
        };
    }

    boolean flag(int position, String name, boolean otherwise) {
        return Python.truthy(get(position, name, otherwise));
    }

    Arguments atMost(int limit, String callee) {
        if (count() > limit) {
            throw new TemplateError(callee + "() takes at most " + limit + " arguments (" + count() + " given)");
        }
        return this;
    }

    Arguments without(int first) {
        return new Arguments(positional.subList(Math.min(first, positional.size()), positional.size()), named);
    }
}
