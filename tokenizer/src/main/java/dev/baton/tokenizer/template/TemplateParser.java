package dev.baton.tokenizer.template;

import dev.baton.tokenizer.template.Stmt.Target;
import dev.baton.tokenizer.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Statements. Those that would read other templates (extends, include, import, block) are refused by name. */
final class TemplateParser {
    private static final int MAX_NESTING = 60;

    private final TokenCursor cursor;
    private final ExpressionParser expressions;
    private int nesting;
    private int loops;

    private TemplateParser(String source) {
        this.cursor = new TokenCursor(Lexer.tokens(source));
        this.expressions = new ExpressionParser(cursor);
    }

    static List<Stmt> parse(String source) {
        TemplateParser parser = new TemplateParser(source);
        List<Stmt> body = parser.body(Set.of());
        if (parser.cursor.current().kind() != Kind.END) {
            throw parser.cursor.fail(
                    "Encountered unknown tag '" + parser.cursor.current().text() + "'.");
        }
        return body;
    }

    /** Up to a tag named in {@code ends}, which is then the current token; or to the end of the template. */
    private List<Stmt> body(Set<String> ends) {
        if (++nesting > MAX_NESTING) {
            throw cursor.fail("blocks nested more than " + MAX_NESTING + " levels deep");
        }
        List<Stmt> body = new ArrayList<>();
        while (true) {
            Token token = cursor.current();
            switch (token.kind()) {
                case DATA -> body.add(new Stmt.Data(cursor.next().text()));
                case VARIABLE_BEGIN -> {
                    cursor.next();
                    body.add(new Stmt.Print(expressions.tuple(true, null)));
                    cursor.expect(Kind.VARIABLE_END, "'end of print statement'");
                }
                case BLOCK_BEGIN -> {
                    cursor.next();
                    if (cursor.current().kind() == Kind.NAME
                            && ends.contains(cursor.current().text())) {
                        nesting--;
                        return body;
                    }
                    body.addAll(statement());
                    cursor.expect(Kind.BLOCK_END, "'end of statement block'");
                }
                case END -> {
                    if (!ends.isEmpty()) {
                        throw cursor.fail("Unexpected end of template. Jinja was looking for the following tags: "
                                + String.join(" or ", ends.stream().sorted().toList()) + ".");
                    }
                    nesting--;
                    return body;
                }
                case NAME, STRING, INTEGER, FLOAT, OPERATOR, VARIABLE_END, BLOCK_END ->
                    throw cursor.unexpected("a tag");
            }
        }
    }

    private List<Stmt> bodyOfTag(Set<String> ends) {
        cursor.skipOperator(":");
        cursor.expect(Kind.BLOCK_END, "'end of statement block'");
        return body(ends);
    }

    private List<Stmt> bodyTo(String end) {
        List<Stmt> body = bodyOfTag(Set.of(end));
        cursor.next();
        return body;
    }

    private List<Stmt> statement() {
        Token tag = cursor.expect(Kind.NAME, "a tag name");
        return switch (tag.text()) {
            case "set" -> List.of(set(tag.line()));
            case "for" -> List.of(loop(tag.line()));
            case "if" -> List.of(condition());
            case "macro" -> List.of(macro(tag.line()));
            case "call" -> List.of(callBlock(tag.line()));
            case "filter" -> List.of(filterBlock(tag.line()));
            case "with" -> List.of(with(tag.line()));
            case "generation" -> List.of(new Stmt.Scoped(bodyTo("endgeneration")));
            case "autoescape" -> {
                expressions.expression();
                yield List.of(new Stmt.Scoped(bodyTo("endautoescape")));
            }
            case "print" -> print();
            case "break", "continue" -> {
                if (loops == 0) {
                    throw TemplateException.at(tag.line(), "'" + tag.text() + "' outside a loop");
                }
                yield List.of(tag.text().equals("break") ? new Stmt.Break() : new Stmt.Continue());
            }
            case "extends", "include", "import", "from", "block" ->
                throw TemplateException.at(tag.line(), "'" + tag.text() + "' is not supported in a chat template.");
            default -> throw TemplateException.at(tag.line(), "Encountered unknown tag '" + tag.text() + "'.");
        };
    }

    private Stmt set(int line) {
        Target target = target(true, null);
        if (cursor.skipOperator("=")) {
            return new Stmt.Assign(target, expressions.tuple(true, null), line);
        }
        Expr.Filter filter = expressions.blockFilters(false);
        return new Stmt.AssignBlock(target, filter, bodyTo("endset"), line);
    }

    private Stmt loop(int line) {
        Target target = target(false, "in");
        cursor.expectName("in");
        Expr items = expressions.tuple(false, "recursive");
        Expr filter = cursor.skipName("if") ? expressions.expression() : null;
        boolean recursive = cursor.skipName("recursive");
        loops++;
        List<Stmt> body = bodyOfTag(Set.of("endfor", "else"));
        loops--;
        List<Stmt> otherwise = cursor.next().isName("else") ? bodyTo("endfor") : List.of();
        return new Stmt.For(target, items, filter, recursive, body, otherwise, line);
    }

    private Stmt condition() {
        List<Stmt.Branch> branches = new ArrayList<>();
        while (true) {
            Expr test = expressions.tuple(false, null);
            branches.add(new Stmt.Branch(test, bodyOfTag(Set.of("elif", "else", "endif"))));
            Token end = cursor.next();
            if (end.isName("elif")) {
                continue;
            }
            return new Stmt.If(branches, end.isName("else") ? bodyTo("endif") : List.of());
        }
    }

    private Stmt macro(int line) {
        String name = cursor.expect(Kind.NAME, "the name of a macro").text();
        return new Stmt.DefineMacro(macroBody(name, parameters(), "endmacro"), line);
    }

    private Stmt callBlock(int line) {
        List<Stmt.Parameter> parameters = cursor.current().isOperator("(") ? parameters() : List.of();
        if (!(expressions.expression() instanceof Expr.Call call)) {
            throw TemplateException.at(line, "expected a call in a call block");
        }
        return new Stmt.CallBlock(call, macroBody("caller", parameters, "endcall"), line);
    }

    /** A loop outside does not reach into the body, so a break there would have nothing to end. */
    private Stmt.MacroBody macroBody(String name, List<Stmt.Parameter> parameters, String end) {
        List<Stmt> body = new ArrayList<>();
        int outerLoops = loops;
        loops = 0;
        Set<String> names = expressions.namesReadBy(() -> body.addAll(bodyTo(end)));
        loops = outerLoops;
        return new Stmt.MacroBody(name, parameters, body, names);
    }

    private List<Stmt.Parameter> parameters() {
        cursor.expectOperator("(");
        List<Stmt.Parameter> parameters = new ArrayList<>();
        boolean withDefault = false;
        while (!cursor.current().isOperator(")")) {
            if (!parameters.isEmpty()) {
                cursor.expectOperator(",");
            }
            String name = cursor.expect(Kind.NAME, "the name of a parameter").text();
            Expr otherwise = cursor.skipOperator("=") ? expressions.expression() : null;
            if (withDefault && otherwise == null) {
                throw cursor.fail("non-default argument follows default argument");
            }
            withDefault = otherwise != null;
            parameters.add(new Stmt.Parameter(name, otherwise));
        }
        cursor.next();
        return parameters;
    }

    private Stmt filterBlock(int line) {
        Expr.Filter filter = Objects.requireNonNull(expressions.blockFilters(true));
        return new Stmt.FilterBlock(filter, bodyTo("endfilter"), line);
    }

    private Stmt with(int line) {
        List<Stmt.Binding> bindings = new ArrayList<>();
        while (cursor.current().kind() != Kind.BLOCK_END) {
            if (!bindings.isEmpty()) {
                cursor.expectOperator(",");
            }
            Target target =
                    new Target.Variable(cursor.expect(Kind.NAME, "a name").text());
            cursor.expectOperator("=");
            bindings.add(new Stmt.Binding(target, expressions.expression()));
        }
        return new Stmt.With(bindings, bodyTo("endwith"), line);
    }

    private List<Stmt> print() {
        List<Stmt> prints = new ArrayList<>();
        while (cursor.current().kind() != Kind.BLOCK_END) {
            if (!prints.isEmpty()) {
                cursor.expectOperator(",");
            }
            prints.add(new Stmt.Print(expressions.expression()));
        }
        return prints;
    }

    private Target target(boolean namespaceAllowed, @Nullable String endName) {
        List<Target> targets = new ArrayList<>();
        boolean several = false;
        while (true) {
            targets.add(oneTarget(namespaceAllowed));
            if (!cursor.skipOperator(",")) {
                break;
            }
            several = true;
            if (cursor.current().isOperator("=")
                    || (endName != null && cursor.current().isName(endName))) {
                break;
            }
        }
        return several ? new Target.Several(targets) : targets.getFirst();
    }

    private Target oneTarget(boolean namespaceAllowed) {
        if (cursor.skipOperator("(")) {
            List<Target> targets = new ArrayList<>();
            while (!cursor.current().isOperator(")")) {
                if (!targets.isEmpty()) {
                    cursor.expectOperator(",");
                }
                if (++nesting > MAX_NESTING) {
                    throw cursor.fail("an assignment nested more than " + MAX_NESTING + " levels deep");
                }
                targets.add(oneTarget(namespaceAllowed));
                nesting--;
            }
            cursor.next();
            return targets.size() == 1 ? targets.getFirst() : new Target.Several(targets);
        }
        Token name = cursor.expect(Kind.NAME, "a name to assign to");
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name.text())) {
            throw TemplateException.at(name.line(), "can't assign to 'const'");
        }
        if (namespaceAllowed && cursor.skipOperator(".")) {
            return new Target.NamespacePart(
                    name.text(),
                    cursor.expect(Kind.NAME, "the name of an attribute").text());
        }
        return new Target.Variable(name.text());
    }
}
