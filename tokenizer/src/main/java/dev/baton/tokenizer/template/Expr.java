package dev.baton.tokenizer.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An expression of a template. Lines count from 1. */
sealed interface Expr {
    int line();

    record Const(Object value, int line) implements Expr {}

    record Name(String name, int line) implements Expr {}

    record ListOf(List<Expr> items, int line) implements Expr {}

    record TupleOf(List<Expr> items, int line) implements Expr {}

    record DictOf(List<Pair> pairs, int line) implements Expr {}

    record Attribute(Expr owner, String name, int line) implements Expr {}

    record Item(Expr owner, Expr index, int line) implements Expr {}

    /** Only inside the brackets of an {@link Item}'s place. */
    record Slice(
            Expr owner,
            @Nullable Expr from,
            @Nullable Expr to,
            @Nullable Expr step,
            int line) implements Expr {}

    record Call(Expr callee, Arguments arguments, int line) implements Expr {}

    /** @param value null where the filter takes the body of a block */
    record Filter(@Nullable Expr value, String name, Arguments arguments, int line) implements Expr {}

    record Test(Expr value, String name, Arguments arguments, int line) implements Expr {}

    record Not(Expr value, int line) implements Expr {}

    record Sign(boolean minus, Expr value, int line) implements Expr {}

    record Binary(String operator, Expr left, Expr right, int line) implements Expr {}

    record Compare(Expr first, List<Operand> operands, int line) implements Expr {}

    record And(Expr left, Expr right, int line) implements Expr {}

    record Or(Expr left, Expr right, int line) implements Expr {}

    record Concat(List<Expr> parts, int line) implements Expr {}

    record Conditional(Expr test, Expr then, @Nullable Expr otherwise, int line) implements Expr {}

    record Pair(Expr key, Expr value) {}

    /** @param operator one of {@code == != < <= > >= in notin} */
    record Operand(String operator, Expr value) {}

    record Keyword(String name, Expr value) {}

    /** @param spread after {@code *} @param spreadNamed after {@code **} */
    record Arguments(
            List<Expr> positional,
            List<Keyword> named,
            @Nullable Expr spread,
            @Nullable Expr spreadNamed) {
        static final Arguments NONE = new Arguments(List.of(), List.of(), null, null);
    }
}
