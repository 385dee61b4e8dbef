package dev.baton.tokenizer.template;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A statement of a template. */
sealed interface Stmt {
    record Data(String text) implements Stmt {}

    record Print(Expr value) implements Stmt {}

    record Assign(Target target, Expr value, int line) implements Stmt {}

    /** @param filter applied to the body's text */
    record AssignBlock(Target target, Expr.@Nullable Filter filter, List<Stmt> body, int line) implements Stmt {}

    record For(
            Target target,
            Expr items,
            @Nullable Expr filter,
            boolean recursive,
            List<Stmt> body,
            List<Stmt> otherwise,
            int line)
            implements Stmt {}

    record If(List<Branch> branches, List<Stmt> otherwise) implements Stmt {}

    record DefineMacro(MacroBody macro, int line) implements Stmt {}

    record CallBlock(Expr.Call call, MacroBody caller, int line) implements Stmt {}

    record FilterBlock(Expr.Filter filter, List<Stmt> body, int line) implements Stmt {}

    record With(List<Binding> bindings, List<Stmt> body, int line) implements Stmt {}

    /** A block with names of its own and no other effect, such as {@code generation}. */
    record Scoped(List<Stmt> body) implements Stmt {}

    record Break() implements Stmt {}

    record Continue() implements Stmt {}

    record Branch(Expr test, List<Stmt> body) {}

    record Binding(Target target, Expr value) {}

    record Parameter(String name, @Nullable Expr otherwise) {}

    /** @param names all names that the body reads: shows whether it takes varargs, kwargs or a caller */
    record MacroBody(String name, List<Parameter> parameters, List<Stmt> body, Set<String> names) {}

    /** What can be assigned to. */
    sealed interface Target {
        record Variable(String name) implements Target {}

        record Several(List<Target> targets) implements Target {}

        record NamespacePart(String namespace, String attribute) implements Target {}
    }
}
