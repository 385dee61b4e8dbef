package dev.baton.grammar;

import dev.baton.grammar.Nfa.Fragment;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The parts of JSON, each a rule that is made when it is first asked for. Between tokens there may be a space, or a line
 * end and its indent; numbers stay within what a double holds; so nothing goes on for ever but strings, arrays and
 * objects.
 */
final class JsonRules {
    private static final int MOST_INDENT = 32;
    private static final String NUMBER = "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?";
    private static final String INTEGER = "0|-?[1-9][0-9]{0,14}";

    private final Nfa nfa;
    private @Nullable Integer space;
    private @Nullable Integer string;
    private @Nullable Integer number;
    private @Nullable Integer integer;
    private @Nullable Integer value;
    private @Nullable Integer object;
    private @Nullable Integer array;

    JsonRules(Nfa nfa) {
        this.nfa = nfa;
    }

    /** What may stand between two tokens. */
    Fragment space() {
        if (space == null) {
            space = nfa.rule(nfa.anyOf(
                    nfa.empty(),
                    nfa.literal(" "),
                    nfa.sequence(
                            nfa.literal("\n"),
                            nfa.anyOf(
                                    nfa.repeated(() -> nfa.literal(" "), 0, MOST_INDENT),
                                    nfa.repeated(() -> nfa.literal("\t"), 1, MOST_INDENT / 4)))));
        }
        return nfa.callOf(space);
    }

    int string() {
        if (string == null) {
            string = nfa.rule(quoted(nfa.repeated(this::character, 0, -1)));
        }
        return string;
    }

    Fragment quoted(Fragment inside) {
        return nfa.sequence(nfa.literal("\""), inside, nfa.literal("\""));
    }

    /** One character inside of a string. */
    Fragment character() {
        return Spelling.JSON.one(nfa, CharSet.ALL);
    }

    int number() {
        if (number == null) {
            number = nfa.rule(Regex.whole(nfa, RegexParser.parse(NUMBER), Spelling.PLAIN));
        }
        return number;
    }

    int integer() {
        if (integer == null) {
            integer = nfa.rule(Regex.whole(nfa, RegexParser.parse(INTEGER), Spelling.PLAIN));
        }
        return integer;
    }

    int value() {
        if (value == null) {
            int rule = nfa.declare();
            value = rule;
            nfa.define(
                    rule,
                    nfa.anyOf(
                            nfa.callOf(object()),
                            nfa.callOf(array()),
                            nfa.callOf(string()),
                            nfa.callOf(number()),
                            nfa.literal("true"),
                            nfa.literal("false"),
                            nfa.literal("null")));
        }
        return value;
    }

    int object() {
        if (object == null) {
            int rule = nfa.declare();
            object = rule;
            nfa.define(rule, between("{", listed(() -> member(nfa.callOf(string()), value()), 0, -1), "}"));
        }
        return object;
    }

    int array() {
        if (array == null) {
            int rule = nfa.declare();
            array = rule;
            nfa.define(rule, between("[", listed(() -> nfa.callOf(value()), 0, -1), "]"));
        }
        return array;
    }

    Fragment between(String open, Fragment inside, String close) {
        return nfa.sequence(nfa.literal(open), space(), inside, space(), nfa.literal(close));
    }

    Fragment comma() {
        return nfa.sequence(nfa.literal(","), space());
    }

    Fragment member(Fragment name, int rule) {
        return nfa.sequence(name, nfa.literal(":"), space(), nfa.callOf(rule));
    }

    /** Elements with commas between them. */
    Fragment listed(Supplier<Fragment> element, int least, int most) {
        if (most == 0) {
            return nfa.empty();
        }
        Fragment some = nfa.sequence(
                element.get(),
                nfa.repeated(
                        () -> nfa.sequence(comma(), element.get()), Math.max(0, least - 1), most < 0 ? -1 : most - 1));
        return least == 0 ? nfa.optional(some) : some;
    }

    /** A member's name that is none of these, and not empty, written without escapes. */
    Fragment nameOtherThan(Set<String> taken) {
        CharSet plain = CharSet.ALL
                .without(CharSet.range(0, 0x1F))
                .without(CharSet.range('"', '"'))
                .without(CharSet.range('\\', '\\'));
        Fragment name = new Fragment(nfa.node(), nfa.node());
        Fragment rest = nfa.repeated(() -> Spelling.PLAIN.one(nfa, plain), 0, -1);
        nfa.nothing(rest.end(), name.end());
        // A name that needs escapes cannot be written so.
        List<int[]> names = new TreeSet<>(taken)
                .stream()
                        .filter(text -> text.codePoints().allMatch(plain::contains))
                        .map(text -> text.codePoints().toArray())
                        .toList();
        notAmong(names, 0, plain, name, rest.start());
        return quoted(name);
    }

    /** @param names all with the same first {@code depth} characters, which have been read at {@code name}'s start */
    private void notAmong(List<int[]> names, int depth, CharSet plain, Fragment name, int free) {
        CharSet continued = new CharSet(List.of());
        List<Integer> nexts = names.stream()
                .filter(text -> text.length > depth)
                .map(text -> text[depth])
                .distinct()
                .toList();
        for (int next : nexts) {
            continued = continued.or(CharSet.range(next, next));
            Fragment one = Spelling.PLAIN.one(nfa, CharSet.range(next, next));
            nfa.nothing(name.start(), one.start());
            List<int[]> same = names.stream()
                    .filter(text -> text.length > depth && text[depth] == next)
                    .toList();
            if (same.stream().noneMatch(text -> text.length == depth + 1)) {
                nfa.nothing(one.end(), name.end());
            }
            notAmong(same, depth + 1, plain, new Fragment(one.end(), name.end()), free);
        }
        Fragment other = Spelling.PLAIN.one(nfa, plain.without(continued));
        nfa.nothing(name.start(), other.start());
        nfa.nothing(other.end(), free);
    }
}
