package dev.baton.tokenizer.template;

import dev.baton.tokenizer.template.Expr.Arguments;
import dev.baton.tokenizer.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What may follow a value: members, items and slices, calls with their arguments, filters, tests. */
final class PostfixParser {
    private final TokenCursor cursor;
    private final ExpressionParser expressions;

    PostfixParser(TokenCursor cursor, ExpressionParser expressions) {
        this.cursor = cursor;
        this.expressions = expressions;
    }

    /** The value with its members, items and calls. */
    Expr after(Expr value) {
        while (true) {
            Token token = cursor.current();
            if (token.isOperator(".")) {
                cursor.next();
                value = member(value, token.line());
            } else if (token.isOperator("[")) {
                cursor.next();
                value = subscript(value, token.line());
            } else if (token.isOperator("(")) {
                value = new Expr.Call(value, arguments(), token.line());
            } else {
                return value;
            }
        }
    }

    private Expr member(Expr owner, int line) {
        Token name = cursor.next();
        if (name.kind() == Kind.NAME) {
            return new Expr.Attribute(owner, name.text(), line);
        }
        if (name.kind() == Kind.INTEGER) {
            return new Expr.Item(owner, new Expr.Const(Arithmetic.literal(name.text()), line), line);
        }
        throw TemplateException.at(line, "expected name or number after '.'");
    }

    private Expr subscript(Expr owner, int line) {
        Expr from = cursor.current().isOperator(":") ? null : expressions.expression();
        if (!cursor.skipOperator(":")) {
            Expr index = Objects.requireNonNull(from);
            if (cursor.current().isOperator(",")) {
                List<Expr> parts = new ArrayList<>(List.of(index));
                while (cursor.skipOperator(",")) {
                    parts.add(expressions.expression());
                }
                index = new Expr.TupleOf(parts, line);
            }
            cursor.expectOperator("]");
            return new Expr.Item(owner, index, line);
        }
        Expr to = sliceEnds() ? null : expressions.expression();
        Expr step = cursor.skipOperator(":") && !sliceEnds() ? expressions.expression() : null;
        cursor.expectOperator("]");
        return new Expr.Slice(owner, from, to, step, line);
    }

    private boolean sliceEnds() {
        return cursor.current().isOperator("]") || cursor.current().isOperator(":");
    }

    /** The value through its filters and tests. */
    Expr filters(Expr value) {
        while (true) {
            Token token = cursor.current();
            if (token.isOperator("|")) {
                value = filter(value);
            } else if (token.isName("is")) {
                value = test(value);
            } else if (token.isOperator("(")) {
                value = new Expr.Call(value, arguments(), token.line());
            } else {
                return value;
            }
        }
    }

    private Expr.Filter filter(@Nullable Expr value) {
        cursor.expectOperator("|");
        return filterName(value);
    }

    /** A chain of filters for a block's text; null when there is none. The first may stand without its bar. */
    Expr.@Nullable Filter blockFilters(boolean firstWithoutBar) {
        Expr.Filter chain = firstWithoutBar ? filterName(null) : null;
        while (cursor.current().isOperator("|")) {
            chain = filter(chain);
        }
        return chain;
    }

    private Expr.Filter filterName(@Nullable Expr value) {
        Token name = cursor.expect(Kind.NAME, "the name of a filter");
        return new Expr.Filter(value, name.text(), optionalArguments(), name.line());
    }

    private Arguments optionalArguments() {
        return cursor.current().isOperator("(") ? arguments() : Arguments.NONE;
    }

    private Expr test(Expr value) {
        int line = cursor.next().line();
        boolean negated = cursor.skipName("not");
        Token name = cursor.expect(Kind.NAME, "the name of a test");
        Expr test = new Expr.Test(value, name.text(), testArguments(), line);
        return negated ? new Expr.Not(test, line) : test;
    }

    private Arguments testArguments() {
        Token token = cursor.current();
        if (token.isOperator("(")) {
            return arguments();
        }
        if (!token.beginsTestArgument()) {
            return Arguments.NONE;
        }
        if (token.isName("is")) {
            throw cursor.fail("You cannot chain multiple tests with is");
        }
        return new Arguments(List.of(after(expressions.primary())), List.of(), null, null);
    }

    private Arguments arguments() {
        cursor.expectOperator("(");
        List<Expr> positional = new ArrayList<>();
        List<Expr.Keyword> named = new ArrayList<>();
        Expr spread = null;
        Expr spreadNamed = null;
        while (!cursor.current().isOperator(")")) {
            if (cursor.skipOperator("*")) {
                spread = expressions.expression();
            } else if (cursor.skipOperator("**")) {
                spreadNamed = expressions.expression();
            } else if (cursor.current().kind() == Kind.NAME && cursor.look().isOperator("=")) {
                String name = cursor.next().text();
                cursor.next();
                named.add(new Expr.Keyword(name, expressions.expression()));
            } else if (named.isEmpty() && spread == null && spreadNamed == null) {
                positional.add(expressions.expression());
            } else {
                throw cursor.fail("invalid syntax for function call expression");
            }
            if (!cursor.current().isOperator(")")) {
                cursor.expectOperator(",");
            }
        }
        cursor.next();
        return new Arguments(positional, named, spread, spreadNamed);
    }
}
