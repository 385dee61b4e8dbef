package dev.baton.tokenizer.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The values of expressions. */
final class Evaluator {
    private final RenderContext context;
    private final Budget budget;

    Evaluator(RenderContext context) {
        this.context = context;
        this.budget = context.budget;
    }

    Object evaluate(Expr expr, Scope scope) {
        budget.enter();
        context.line = expr.line();
        Object value = switch (expr) {
            case Expr.Const c -> c.value() instanceof String text ? context.origins.own(text) : c.value();
            case Expr.Name n -> scope.get(n.name());
            case Expr.Attribute a -> context.members.attribute(evaluate(a.owner(), scope), a.name());
            case Expr.Item i -> context.members.item(evaluate(i.owner(), scope), evaluate(i.index(), scope));
            case Expr.Slice s -> slice(s, scope);
            case Expr.Call c -> call(evaluate(c.callee(), scope), c, scope, Map.of());
            case Expr.Filter f -> filter(f, null, scope);
            case Expr.Test t ->
                Tests.apply(t.name(), evaluate(t.value(), scope), arguments(t.arguments(), scope), context);
            case Expr.Not n -> !Python.truthy(evaluate(n.value(), scope));
            case Expr.Sign s -> Arithmetic.sign(s.minus(), evaluate(s.value(), scope));
            case Expr.Binary b ->
                Arithmetic.binary(b.operator(), evaluate(b.left(), scope), evaluate(b.right(), scope), context);
            case Expr.Compare c -> compare(c, scope);
            case Expr.And a -> {
                Object left = evaluate(a.left(), scope);
                yield Python.truthy(left) ? evaluate(a.right(), scope) : left;
            }
            case Expr.Or o -> {
                Object left = evaluate(o.left(), scope);
                yield Python.truthy(left) ? left : evaluate(o.right(), scope);
            }
            case Expr.Concat c -> concat(c, scope);
            case Expr.Conditional c -> conditional(c, scope);
            case Expr.ListOf l -> all(l.items(), scope);
            case Expr.TupleOf t -> new Tuple(all(t.items(), scope));
            case Expr.DictOf d -> dict(d, scope);
        };
        budget.leave();
        return value;
    }

    private List<Object> all(List<Expr> exprs, Scope scope) {
        List<Object> values = new ArrayList<>(exprs.size());
        for (Expr expr : exprs) {
            values.add(evaluate(expr, scope));
        }
        return values;
    }

    private Object dict(Expr.DictOf dict, Scope scope) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (Expr.Pair pair : dict.pairs()) {
            map.put(Python.key(evaluate(pair.key(), scope)), evaluate(pair.value(), scope));
        }
        return map;
    }

    private Object slice(Expr.Slice slice, Scope scope) {
        Object owner = evaluate(slice.owner(), scope);
        return context.members.slice(
                owner, bound(slice.from(), scope), bound(slice.to(), scope), bound(slice.step(), scope));
    }

    private Object bound(@Nullable Expr expr, Scope scope) {
        return expr == null ? None.NONE : evaluate(expr, scope);
    }

    private Object conditional(Expr.Conditional c, Scope scope) {
        if (Python.truthy(evaluate(c.test(), scope))) {
            return evaluate(c.then(), scope);
        }
        return c.otherwise() != null
                ? evaluate(c.otherwise(), scope)
                : new Undefined("the inline if-expression on line " + c.line()
                        + " evaluated to false and no else section was defined.");
    }

    private String concat(Expr.Concat concat, Scope scope) {
        TracedText out = new TracedText(context.origins);
        for (Expr part : concat.parts()) {
            out.append(context.str(evaluate(part, scope)));
            budget.copy(out.length());
        }
        return out.finish();
    }

    private boolean compare(Expr.Compare compare, Scope scope) {
        Object left = evaluate(compare.first(), scope);
        for (Expr.Operand operand : compare.operands()) {
            Object right = evaluate(operand.value(), scope);
            boolean holds = switch (operand.operator()) {
                case "==" -> Python.equal(left, right, budget);
                case "!=" -> !Python.equal(left, right, budget);
                case "in" -> Python.contains(left, right, budget);
                case "notin" -> !Python.contains(left, right, budget);
                default -> Tests.ordered(operand.operator(), left, right, budget);
            };
            if (!holds) {
                return false;
            }
            left = right;
        }
        return true;
    }

    /** @param text takes the place of the innermost filter's value, for a filter over a block */
    Object filter(Expr.Filter filter, @Nullable String text, Scope scope) {
        Object value = switch (filter.value()) {
            case null -> text == null ? "" : text;
            case Expr.Filter inner when text != null -> filter(inner, text, scope);
            case Expr other -> evaluate(other, scope);
        };
        Arguments args = arguments(filter.arguments(), scope);
        context.line = filter.line();
        return Filters.apply(filter.name(), value, args, context);
    }

    Object call(Object callee, Expr.Call call, Scope scope, Map<String, Object> more) {
        Arguments args = arguments(call.arguments(), scope);
        args.named().putAll(more);
        context.line = call.line();
        return switch (callee) {
            case Callable callable -> {
                budget.enter();
                Object result = callable.call(args);
                budget.leave();
                yield result;
            }
            case Undefined u -> throw u.error();
            default -> throw new TemplateError("'" + Python.typeName(callee) + "' object is not callable");
        };
    }

    private Arguments arguments(Expr.Arguments arguments, Scope scope) {
        List<Object> positional = all(arguments.positional(), scope);
        if (arguments.spread() != null) {
            positional.addAll(Python.list(evaluate(arguments.spread(), scope), budget));
        }
        Map<String, Object> named = new LinkedHashMap<>();
        for (Expr.Keyword keyword : arguments.named()) {
            named.put(keyword.name(), evaluate(keyword.value(), scope));
        }
        if (arguments.spreadNamed() != null) {
            if (!(evaluate(arguments.spreadNamed(), scope) instanceof Map<?, ?> map)) {
                throw new TemplateError("argument after ** must be a mapping");
            }
            map.forEach((key, value) -> named.put(context.str(key), value));
        }
        return new Arguments(positional, named);
    }
}
