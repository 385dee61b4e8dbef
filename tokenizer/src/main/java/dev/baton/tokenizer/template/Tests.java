package dev.baton.tokenizer.template;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What may follow {@code is}. */
final class Tests {
    private static final Set<String> NAMES = Set.of(
            "odd",
            "even",
            "divisibleby",
            "defined",
            "undefined",
            "filter",
            "test",
            "none",
            "boolean",
            "false",
            "true",
            "integer",
            "float",
            "lower",
            "upper",
            "string",
            "mapping",
            "number",
            "sequence",
            "iterable",
            "callable",
            "sameas",
            "escaped",
            "in",
            "==",
            "eq",
            "equalto",
            "!=",
            "ne",
            ">",
            "gt",
            "greaterthan",
            "ge",
            ">=",
            "<",
            "lt",
            "lessthan",
            "<=",
            "le");

    private Tests() {}

    static boolean exists(String name) {
        return NAMES.contains(name);
    }

    static boolean apply(String name, Object value, Arguments args, RenderContext context) {
        if (!exists(name)) {
            throw new TemplateError("No test named '" + name + "'.");
        }
        Budget budget = context.budget;
        budget.step();
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == None.NONE;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "integer" -> value instanceof Long || value instanceof BigInteger;
            case "float" -> value instanceof Double;
            case "number" -> Arithmetic.isNumber(value);
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map<?, ?>;
            case "sequence" ->
                value instanceof String
                        || value instanceof List<?>
                        || value instanceof Tuple
                        || value instanceof Map<?, ?>;
            case "iterable" -> Python.iterable(value);
            case "callable" -> value instanceof Callable || value instanceof Undefined;
            case "escaped" -> value instanceof String s && context.origins.isMarkup(s);
            case "lower" -> lower(context.str(value));
            case "upper" -> upper(context.str(value));
            case "odd" -> Python.equal(Arithmetic.binary("%", value, 2L, context), 1L, budget);
            case "even" -> Python.equal(Arithmetic.binary("%", value, 2L, context), 0L, budget);
            case "divisibleby" -> Python.equal(Arithmetic.binary("%", value, other(args), context), 0L, budget);
            case "in" -> Python.contains(value, other(args), budget);
            case "sameas" -> same(value, other(args));
            case "==", "eq", "equalto" -> Python.equal(value, other(args), budget);
            case "!=", "ne" -> !Python.equal(value, other(args), budget);
            case ">", "gt", "greaterthan" -> ordered(">", value, other(args), budget);
            case ">=", "ge" -> ordered(">=", value, other(args), budget);
            case "<", "lt", "lessthan" -> ordered("<", value, other(args), budget);
            case "<=", "le" -> ordered("<=", value, other(args), budget);
            case "filter" -> value instanceof String s && Filters.exists(s);
            case "test" -> value instanceof String s && exists(s);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Object other(Arguments args) {
        return args.require(0, "other");
    }

    static boolean ordered(String operator, Object a, Object b, Budget budget) {
        int order = Python.compare(a, b, operator, budget);
        if (Arithmetic.isNan(a) || Arithmetic.isNan(b)) {
            return false;
        }
        return switch (operator) {
            case ">" -> order > 0;
            case ">=" -> order >= 0;
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static boolean same(Object a, Object b) {
        return a == b || ((a instanceof Boolean || a instanceof Long || a instanceof String) && a.equals(b));
    }

    static boolean upper(String s) {
        return s.codePoints().anyMatch(Character::isUpperCase)
                && s.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    static boolean lower(String s) {
        return s.codePoints().anyMatch(Character::isLowerCase)
                && s.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }
}
