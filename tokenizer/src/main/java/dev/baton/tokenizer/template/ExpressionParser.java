package dev.baton.tokenizer.template;

import dev.baton.tokenizer.template.Token.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Expressions, with the precedence of Jinja's own parser: one method per level, weakest first. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final int MAX_NESTING = 100;

    private final TokenCursor cursor;
    private final PostfixParser postfix;
    private Set<String> names = new HashSet<>();
    private int nesting;

    ExpressionParser(TokenCursor cursor) {
        this.cursor = cursor;
        this.postfix = new PostfixParser(cursor, this);
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
        value = postfix.after(value);
        return withFilter ? postfix.filters(value) : value;
    }

    /** A literal, a name, or something in brackets. */
    Expr primary() {
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

    /** A chain of filters for a block's text; null when there is none. The first may stand without its bar. */
    Expr.@Nullable Filter blockFilters(boolean firstWithoutBar) {
        return postfix.blockFilters(firstWithoutBar);
    }
}
