package dev.baton.tokenizer.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Runs the statements of one rendering. */
final class Renderer {
    /** How a statement ends: on to the next, out of the loop, or on to the loop's next item. */
    private enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    private final RenderContext context;
    private final Budget budget;
    private final Evaluator evaluator;
    private TracedText out;

    Renderer(RenderContext context) {
        this.context = context;
        this.budget = context.budget;
        this.evaluator = new Evaluator(context);
        this.out = new TracedText(context.origins);
    }

    Object evaluate(Expr expr, Scope scope) {
        return evaluator.evaluate(expr, scope);
    }

    RenderedText render(List<Stmt> body, Scope scope) {
        run(body, scope);
        return out.rendered();
    }

    /** The text of a body, apart from the output around it. */
    String text(List<Stmt> body, Scope scope) {
        TracedText around = out;
        out = new TracedText(context.origins);
        try {
            run(body, scope);
            return out.finish();
        } finally {
            out = around;
        }
    }

    private Flow run(List<Stmt> body, Scope scope) {
        budget.enter();
        Flow flow = Flow.NEXT;
        for (Iterator<Stmt> i = body.iterator(); i.hasNext() && flow == Flow.NEXT; ) {
            flow = run(i.next(), scope);
        }
        budget.leave();
        return flow;
    }

    private Flow run(Stmt stmt, Scope scope) {
        budget.step();
        switch (stmt) {
            case Stmt.Data data -> write(context.origins.own(data.text()));
            case Stmt.Print print -> write(context.str(evaluate(print.value(), scope)));
            case Stmt.Assign assign -> assign(assign.target(), evaluate(assign.value(), scope), scope);
            case Stmt.AssignBlock assign -> {
                String text = text(assign.body(), new Scope(scope));
                Object value = assign.filter() == null ? text : evaluator.filter(assign.filter(), text, scope);
                assign(assign.target(), value, scope);
            }
            case Stmt.If condition -> {
                return condition(condition, scope);
            }
            case Stmt.For loop -> {
                return loop(loop, evaluate(loop.items(), scope), 0, scope);
            }
            case Stmt.DefineMacro define -> scope.set(define.macro().name(), new Macro(define.macro(), scope, this));
            case Stmt.CallBlock block -> {
                Macro caller = new Macro(block.caller(), scope, this);
                Object callee = evaluate(block.call().callee(), scope);
                write(context.str(evaluator.call(callee, block.call(), scope, Map.of("caller", caller))));
            }
            case Stmt.FilterBlock block ->
                write(context.str(evaluator.filter(block.filter(), text(block.body(), new Scope(scope)), scope)));
            case Stmt.With with -> {
                Scope inner = new Scope(scope);
                with.bindings().forEach(b -> assign(b.target(), evaluate(b.value(), scope), inner));
                return run(with.body(), inner);
            }
            case Stmt.Scoped scoped -> {
                return run(scoped.body(), new Scope(scope));
            }
            case Stmt.Break b -> {
                return Flow.BREAK;
            }
            case Stmt.Continue c -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.NEXT;
    }

    private void write(String text) {
        budget.copy((long) out.length() + text.length() > Budget.MAX_CHARS ? Budget.MAX_CHARS + 1L : text.length());
        out.append(text);
    }

    private Flow condition(Stmt.If condition, Scope scope) {
        for (Stmt.Branch branch : condition.branches()) {
            if (Python.truthy(evaluate(branch.test(), scope))) {
                return run(branch.body(), scope);
            }
        }
        return run(condition.otherwise(), scope);
    }

    private Flow loop(Stmt.For loop, Object items, int depth, Scope scope) {
        Iterator<Object> source = Python.iterate(items);
        Object counted = items;
        if (loop.filter() != null) {
            source = filtered(loop, source, scope);
            counted = new Generator(source);
        }
        Loop state = new Loop(
                counted,
                source,
                budget,
                depth,
                loop.recursive() ? (inner, deeper) -> recurse(loop, inner, deeper, scope) : null);
        for (Object item = state.advance(); item != null; item = state.advance()) {
            Scope inner = new Scope(scope);
            inner.set("loop", state);
            assign(loop.target(), item, inner);
            if (run(loop.body(), inner) == Flow.BREAK) {
                break;
            }
        }
        return state.index() == 0 ? run(loop.otherwise(), new Scope(scope)) : Flow.NEXT;
    }

    private Object recurse(Stmt.For loop, Object items, int depth, Scope scope) {
        TracedText around = out;
        out = new TracedText(context.origins);
        try {
            loop(loop, items, depth, scope);
            return out.finish();
        } finally {
            out = around;
        }
    }

    private Iterator<Object> filtered(Stmt.For loop, Iterator<Object> source, Scope scope) {
        Expr test = Objects.requireNonNull(loop.filter());
        return SequenceFilters.lazily(
                        new Generator(source),
                        item -> {
                            Scope inner = new Scope(scope);
                            assign(loop.target(), item, inner);
                            return Python.truthy(evaluate(test, inner));
                        },
                        item -> item,
                        context)
                .items();
    }

    private void assign(Stmt.Target target, Object value, Scope scope) {
        switch (target) {
            case Stmt.Target.Variable variable -> scope.set(variable.name(), value);
            case Stmt.Target.NamespacePart part -> {
                if (!(scope.get(part.namespace()) instanceof Namespace namespace)) {
                    throw new TemplateError("cannot assign attribute on non-namespace object");
                }
                namespace.set(part.attribute(), value);
            }
            case Stmt.Target.Several several -> {
                if (!Python.iterable(value)) {
                    throw new TemplateError("cannot unpack non-iterable " + Python.typeName(value) + " object");
                }
                List<Object> values = new ArrayList<>(Python.list(value, budget));
                int expected = several.targets().size();
                if (values.size() != expected) {
                    throw new TemplateError((values.size() < expected ? "not enough" : "too many")
                            + " values to unpack (expected " + expected + ", got " + values.size() + ")");
                }
                for (int i = 0; i < expected; i++) {
                    assign(several.targets().get(i), values.get(i), scope);
                }
            }
        }
    }
}
