package dev.baton.tokenizer.template;

import dev.baton.tokenizer.template.Expr.Arguments;
import dev.baton.tokenizer.template.Token.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Expressions, with the precedence of Jinja's own parser: one method per level, weakest first. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final int MAX_NESTING = 100;

    private final TokenCursor cursor;
    private Set<String> names = new HashSet<>();
    private int nesting;

    ExpressionParser(TokenCursor cursor) {
        this.cursor = cursor;
    }

    /** Runs the parse and returns the names that it read, which still count for those around it. */
    Set<String> namesReadBy(Runnable parse) {
        Set<String> outer = names;
        names = new HashSet<>();
        parse.run();
        Set<String> inner = names;
        outer.addAll(inner);
        names = outer;
        return inner;
    }

    Expr expression() {
        return nested(this::conditional);
    }

    /** With {@code if} left to the statement around it. */
    Expr withoutConditional() {
        return nested(this::or);
    }

    /** One expression, or a tuple when a comma follows. */
    Expr tuple(boolean conditional, @Nullable String endName) {
        return tuple(() -> conditional ? expression() : withoutConditional(), false, endName);
    }

    private Expr tuple(Supplier<Expr> item, boolean parenthesised, @Nullable String endName) {
        int line = cursor.current().line();
        List<Expr> items = new ArrayList<>();
        boolean isTuple = false;
        while (true) {
            if (!items.isEmpty()) {
                cursor.expectOperator(",");
            }
            if (atTupleEnd(endName)) {
                break;
            }
            items.add(item.get());
            if (!cursor.current().isOperator(",")) {
                break;
            }
            isTuple = true;
        }
        if (!isTuple && !items.isEmpty()) {
            return items.getFirst();
        }
        if (!isTuple && !parenthesised) {
            throw cursor.unexpected("an expression");
        }
        return new Expr.TupleOf(items, line);
    }

    private boolean atTupleEnd(@Nullable String endName) {
        Token token = cursor.current();
        return token.kind() == Kind.VARIABLE_END
                || token.kind() == Kind.BLOCK_END
                || token.isOperator(")")
                || (endName != null && token.isName(endName));
    }

    private Expr nested(Supplier<Expr> parse) {
        if (++nesting > MAX_NESTING) {
            throw cursor.fail("an expression nested more than " + MAX_NESTING + " levels deep");
        }
        Expr parsed = parse.get();
        nesting--;
        return parsed;
    }

    private Expr conditional() {
        Expr value = or();
        while (cursor.current().isName("if")) {
            int line = cursor.next().line();
            Expr test = or();
            Expr otherwise = cursor.skipName("else") ? nested(this::conditional) : null;
            value = new Expr.Conditional(test, value, otherwise, line);
        }
        return value;
    }

    private Expr or() {
        Expr left = and();
        while (cursor.current().isName("or")) {
            int line = cursor.next().line();
            left = new Expr.Or(left, and(), line);
        }
        return left;
    }

    private Expr and() {
        Expr left = not();
        while (cursor.current().isName("and")) {
            int line = cursor.next().line();
            left = new Expr.And(left, not(), line);
        }
        return left;
    }

    private Expr not() {
        if (cursor.current().isName("not")) {
            int line = cursor.next().line();
            return new Expr.Not(nested(this::not), line);
        }
        return compare();
    }

    private Expr compare() {
        Expr first = sum();
        int line = cursor.current().line();
        List<Expr.Operand> operands = new ArrayList<>();
        while (true) {
            Token token = cursor.current();
            if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                cursor.next();
                operands.add(new Expr.Operand(token.text(), sum()));
            } else if (cursor.skipName("in")) {
                operands.add(new Expr.Operand("in", sum()));
            } else if (token.isName("not") && cursor.look().isName("in")) {
                cursor.next();
                cursor.next();
                operands.add(new Expr.Operand("notin", sum()));
            } else {
                return operands.isEmpty() ? first : new Expr.Compare(first, operands, line);
            }
        }
    }

    private Expr sum() {
        return leftToRight(this::concat, Set.of("+", "-"));
    }

    private Expr concat() {
        int line = cursor.current().line();
        List<Expr> parts = new ArrayList<>();
        parts.add(product());
        while (cursor.skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.getFirst() : new Expr.Concat(parts, line);
    }

    private Expr product() {
        return leftToRight(this::power, Set.of("*", "/", "//", "%"));
    }

    /** Jinja reads a chain of powers from the left, unlike Python. */
    private Expr power() {
        return leftToRight(() -> unary(true), Set.of("**"));
    }

    private Expr leftToRight(Supplier<Expr> operand, Set<String> operators) {
        Expr left = operand.get();
        while (cursor.current().kind() == Kind.OPERATOR
                && operators.contains(cursor.current().text())) {
            Token operator = cursor.next();
            left = new Expr.Binary(operator.text(), left, operand.get(), operator.line());
        }
        return left;
    }

    private Expr unary(boolean withFilter) {
        Token token = cursor.current();
        Expr value;
        if (token.isOperator("-") || token.isOperator("+")) {
            cursor.next();
            value = new Expr.Sign(token.isOperator("-"), nested(() -> unary(false)), token.line());
        } else {
            value = primary();
        }
        value = postfix(value);
        return withFilter ? filters(value) : value;
    }

    private Expr primary() {
        Token token = cursor.next();
        return switch (token.kind()) {
            case NAME -> named(token);
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (cursor.current().kind() == Kind.STRING) {
                    text.append(cursor.next().text());
                }
                yield new Expr.Const(text.toString(), token.line());
            }
            case INTEGER -> new Expr.Const(Arithmetic.literal(token.text()), token.line());
            case FLOAT -> new Expr.Const(Double.parseDouble(token.text()), token.line());
            case OPERATOR -> bracketed(token);
            case DATA, VARIABLE_BEGIN, VARIABLE_END, BLOCK_BEGIN, BLOCK_END, END ->
                throw TemplateException.at(token.line(), "unexpected '" + token.describe() + "'");
        };
    }

    private Expr named(Token token) {
        return switch (token.text()) {
            case "true", "True" -> new Expr.Const(true, token.line());
            case "false", "False" -> new Expr.Const(false, token.line());
            case "none", "None" -> new Expr.Const(None.NONE, token.line());
            default -> {
                names.add(token.text());
                yield new Expr.Name(token.text(), token.line());
            }
        };
    }

    private Expr bracketed(Token token) {
        return switch (token.text()) {
            case "(" -> {
                Expr inner = tuple(this::expression, true, null);
                cursor.expectOperator(")");
                yield inner;
            }
            case "[" -> {
                List<Expr> items = new ArrayList<>();
                while (!cursor.current().isOperator("]")) {
                    items.add(expression());
                    if (!cursor.current().isOperator("]")) {
                        cursor.expectOperator(",");
                    }
                }
                cursor.next();
                yield new Expr.ListOf(items, token.line());
            }
            case "{" -> {
                List<Expr.Pair> pairs = new ArrayList<>();
                while (!cursor.current().isOperator("}")) {
                    Expr key = expression();
                    cursor.expectOperator(":");
                    pairs.add(new Expr.Pair(key, expression()));
                    if (!cursor.current().isOperator("}")) {
                        cursor.expectOperator(",");
                    }
                }
                cursor.next();
                yield new Expr.DictOf(pairs, token.line());
            }
            default -> throw TemplateException.at(token.line(), "unexpected '" + token.text() + "'");
        };
    }

    private Expr postfix(Expr value) {
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
        Expr from = cursor.current().isOperator(":") ? null : expression();
        if (!cursor.skipOperator(":")) {
            Expr index = Objects.requireNonNull(from);
            if (cursor.current().isOperator(",")) {
                List<Expr> parts = new ArrayList<>(List.of(index));
                while (cursor.skipOperator(",")) {
                    parts.add(expression());
                }
                index = new Expr.TupleOf(parts, line);
            }
            cursor.expectOperator("]");
            return new Expr.Item(owner, index, line);
        }
        Expr to = sliceEnds() ? null : expression();
        Expr step = cursor.skipOperator(":") && !sliceEnds() ? expression() : null;
        cursor.expectOperator("]");
        return new Expr.Slice(owner, from, to, step, line);
    }

    private boolean sliceEnds() {
        return cursor.current().isOperator("]") || cursor.current().isOperator(":");
    }

    private Expr filters(Expr value) {
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
        Filters.check(name.text(), name.line());
        return new Expr.Filter(value, name.text(), optionalArguments(), name.line());
    }

    private Arguments optionalArguments() {
        return cursor.current().isOperator("(") ? arguments() : Arguments.NONE;
    }

    private Expr test(Expr value) {
        int line = cursor.next().line();
        boolean negated = cursor.skipName("not");
        Token name = cursor.expect(Kind.NAME, "the name of a test");
        Tests.check(name.text(), name.line());
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
        return new Arguments(List.of(postfix(primary())), List.of(), null, null);
    }

    private Arguments arguments() {
        cursor.expectOperator("(");
        List<Expr> positional = new ArrayList<>();
        List<Expr.Keyword> named = new ArrayList<>();
        Expr spread = null;
        Expr spreadNamed = null;
        while (!cursor.current().isOperator(")")) {
            if (cursor.skipOperator("*")) {
                spread = expression();
            } else if (cursor.skipOperator("**")) {
                spreadNamed = expression();
            } else if (cursor.current().kind() == Kind.NAME && cursor.look().isOperator("=")) {
                String name = cursor.next().text();
                cursor.next();
                named.add(new Expr.Keyword(name, expression()));
            } else if (named.isEmpty() && spread == null && spreadNamed == null) {
                positional.add(expression());
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
