package dev.baton.grammar;

import dev.baton.grammar.Regex.Alternatives;
import dev.baton.grammar.Regex.Branch;
import dev.baton.grammar.Regex.Chars;
import dev.baton.grammar.Regex.Repeat;
import dev.baton.grammar.Regex.Sequence;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the regular part of ECMAScript's expressions: classes, groups, alternatives, counted repetition, anchors at the
 * ends. What is not regular (look-around, back references, word borders) is refused by name.
 */
final class RegexParser {
    private static final int DEEPEST = 100;
    private static final int MOST_REPEATS = 10_000;

    private final int[] pattern;
    private int at;
    private int depth;

    private RegexParser(String pattern) {
        this.pattern = pattern.codePoints().toArray();
    }

    static List<Branch> parse(String pattern) {
        if (pattern.length() > Grammar.LONGEST_REGEX) {
            throw new GrammarException(
                    "A regular expression may have at most " + Grammar.LONGEST_REGEX + " characters.");
        }
        RegexParser parser = new RegexParser(pattern);
        List<Branch> branches = new ArrayList<>();
        do {
            branches.add(parser.branch());
        } while (parser.accept('|'));
        if (parser.at < parser.pattern.length) {
            throw parser.refused("a ) without its (");
        }
        return branches;
    }

    private Branch branch() {
        boolean fromStart = accept('^');
        Regex body = sequence();
        boolean toEnd = accept('$');
        if (at < pattern.length && pattern[at] != '|' && pattern[at] != ')') {
            throw refused("an anchor that is not at an end");
        }
        return new Branch(body, fromStart, toEnd);
    }

    private Regex alternatives() {
        List<Regex> all = new ArrayList<>();
        do {
            all.add(sequence());
            if (at < pattern.length && pattern[at] == '$') {
                throw refused("an anchor inside a group");
            }
        } while (accept('|'));
        return all.size() == 1 ? all.getFirst() : new Alternatives(all);
    }

    private Regex sequence() {
        List<Regex> parts = new ArrayList<>();
        while (at < pattern.length && pattern[at] != '|' && pattern[at] != ')' && pattern[at] != '$') {
            parts.add(repeated(atom()));
        }
        return new Sequence(parts);
    }

    private Regex repeated(Regex atom) {
        Regex result = atom;
        while (at < pattern.length) {
            int least;
            int most;
            if (accept('*')) {
                least = 0;
                most = -1;
            } else if (accept('+')) {
                least = 1;
                most = -1;
            } else if (accept('?')) {
                least = 0;
                most = 1;
            } else if (pattern[at] == '{') {
                at++;
                least = count();
                most = accept(',') ? (at < pattern.length && pattern[at] == '}' ? -1 : count()) : least;
                expect('}');
                if (most >= 0 && most < least) {
                    throw refused("a count from more to less");
                }
            } else {
                return result;
            }
            // A lazy quantifier matches the same texts.
            accept('?');
            if (accept('+')) {
                throw refused("a possessive quantifier");
            }
            if (++depth > DEEPEST) {
                throw refused("more than " + DEEPEST + " quantifiers in each other");
            }
            result = new Repeat(result, least, most);
        }
        return result;
    }

    private int count() {
        int value = 0;
        int from = at;
        while (at < pattern.length && pattern[at] >= '0' && pattern[at] <= '9') {
            value = Math.min(MOST_REPEATS + 1, value * 10 + pattern[at++] - '0');
        }
        if (at == from || value > MOST_REPEATS) {
            throw refused("a count that is not from 0 to " + MOST_REPEATS);
        }
        return value;
    }

    private Regex atom() {
        int c = pattern[at++];
        return switch (c) {
            case '.' -> new Chars(CharSet.ALL.without(newline()));
            case '[' -> new Chars(characterClass());
            case '(' -> group();
            case '\\' -> new Chars(escape(false));
            case '^' -> throw refused("an anchor inside");
            case '*', '+', '?', '{' -> throw refused("a quantifier with nothing before it");
            default -> new Chars(CharSet.range(c, c));
        };
    }

    private static CharSet newline() {
        return CharSet.range('\n', '\n').or(CharSet.range('\r', '\r')).or(CharSet.range(0x2028, 0x2029));
    }

    private Regex group() {
        if (++depth > DEEPEST) {
            throw refused("more than " + DEEPEST + " groups in each other");
        }
        if (accept('?')) {
            boolean named = accept('P');
            if (accept('<')) {
                if (at < pattern.length && (pattern[at] == '=' || pattern[at] == '!')) {
                    throw refused("look-behind");
                }
                while (at < pattern.length && (Character.isLetterOrDigit(pattern[at]) || pattern[at] == '_')) {
                    at++;
                }
                expect('>');
            } else if (named || !accept(':')) {
                throw refused("look-around or flags");
            }
        }
        Regex inner = alternatives();
        expect(')');
        depth--;
        return inner;
    }

    private CharSet characterClass() {
        boolean negated = accept('^');
        CharSet set = new CharSet(List.of());
        while (at < pattern.length && pattern[at] != ']') {
            CharSet low = classAtom();
            if (at + 1 < pattern.length && pattern[at] == '-' && pattern[at + 1] != ']' && isOne(low)) {
                at++;
                CharSet high = classAtom();
                int from = low.ranges().getFirst().low();
                if (!isOne(high) || high.ranges().getFirst().low() < from) {
                    throw refused("a range in a class that goes backwards");
                }
                low = CharSet.range(from, high.ranges().getFirst().low());
            }
            set = set.or(low);
        }
        expect(']');
        return negated ? set.complement() : set;
    }

    private static boolean isOne(CharSet set) {
        return set.ranges().size() == 1
                && set.ranges().getFirst().low() == set.ranges().getFirst().high();
    }

    private CharSet classAtom() {
        int c = pattern[at++];
        return c == '\\' ? escape(true) : CharSet.range(c, c);
    }

    private CharSet escape(boolean inClass) {
        if (at == pattern.length) {
            throw refused("a \\ at its end");
        }
        int c = pattern[at++];
        return switch (c) {
            case 'd' -> CharSet.DIGITS;
            case 'D' -> CharSet.DIGITS.complement();
            case 'w' -> CharSet.WORD;
            case 'W' -> CharSet.WORD.complement();
            case 's' -> CharSet.SPACE;
            case 'S' -> CharSet.SPACE.complement();
            case 't' -> CharSet.range('\t', '\t');
            case 'n' -> CharSet.range('\n', '\n');
            case 'r' -> CharSet.range('\r', '\r');
            case 'f' -> CharSet.range('\f', '\f');
            case 'v' -> CharSet.range(0x0B, 0x0B);
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'b' -> {
                if (inClass) {
                    yield CharSet.range('\b', '\b');
                }
                throw refused("the word border \\b");
            }
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    throw refused("\\" + Character.toString(c));
                }
                yield CharSet.range(c, c);
            }
        };
    }

    private CharSet hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = at < pattern.length ? Character.digit(pattern[at++], 16) : -1;
            if (digit < 0) {
                throw refused("an escape without its " + digits + " hexadecimal digits");
            }
            value = value << 4 | digit;
        }
        return CharSet.range(value, value);
    }

    private boolean accept(int c) {
        if (at < pattern.length && pattern[at] == c) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(int c) {
        if (!accept(c)) {
            throw refused("no " + Character.toString(c) + " where one belongs");
        }
    }

    private GrammarException refused(String what) {
        return new GrammarException(
                "The regular expression has " + what + " (at character " + at + "), which is not supported here.");
    }
}
