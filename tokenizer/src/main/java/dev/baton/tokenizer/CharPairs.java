package dev.baton.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Which characters can stand side by side inside one match of a regular expression. The expression is read as the
 * position automaton of Glushkov: each character class is a position, and position {@code j} follows {@code i} when some
 * match can go from one to the other. A pair that no {@code (i, j)} takes is never inside a match, so cutting a text there
 * leaves every match on both sides as it was.
 *
 * <p>Looking back, anchors and looking ahead by more than one character are refused, since then a cut could change a match
 * that does not reach it. Counted repetitions are read as unbounded ones, which only makes more pairs possible.
 */
final class CharPairs {
    private static final String PLAIN_ESCAPES = "sSdDwWrntpP";
    private static final int MOST_REMEMBERED = 4096;
    private static final Pattern SCRIPT = Pattern.compile("\\\\([pP])\\{(Han|Hiragana|Katakana|Hangul|Latin)}");
    private static final int UNICODE = Pattern.UNICODE_CHARACTER_CLASS;

    private final String regex;
    private final List<IntPredicate> positions = new ArrayList<>();
    private final BitSet looks = new BitSet();
    private final List<BitSet> follow = new ArrayList<>();
    private final Map<Integer, BitSet> takers = new ConcurrentHashMap<>();
    private final Pattern whole;
    private int at;
    private boolean ignoreCase;

    private record Part(boolean nullable, BitSet first, BitSet last) {}

    /** @throws IllegalArgumentException when the expression has what cannot be judged here */
    CharPairs(String regex) {
        this.regex = SCRIPT.matcher(regex).replaceAll("\\\\$1{Is$2}");
        alternatives();
        if (at < this.regex.length()) {
            throw unclear("a `)` without its group");
        }
        try {
            whole = Pattern.compile(this.regex, UNICODE);
        } catch (PatternSyntaxException e) {
            throw unclear(String.valueOf(e.getMessage()));
        }
    }

    /** Whether a match can hold {@code left} directly before {@code right}, or look past {@code left}. */
    boolean joins(int left, int right) {
        BitSet from = takers(left);
        BitSet to = takers(right);
        for (int i = from.nextSetBit(0); i >= 0; i = from.nextSetBit(i + 1)) {
            if (!looks.get(i) && (follow.get(i).intersects(to) || follow.get(i).intersects(looks))) {
                return true;
            }
        }
        return false;
    }

    /** The positions that take the character. */
    private BitSet takers(int codePoint) {
        BitSet known = takers.get(codePoint);
        if (known != null) {
            return known;
        }
        BitSet found = new BitSet(positions.size());
        for (int i = 0; i < positions.size(); i++) {
            found.set(i, positions.get(i).test(codePoint));
        }
        if (takers.size() < MOST_REMEMBERED) {
            takers.put(codePoint, found);
        }
        return found;
    }

    /** Whether the character is in some match wherever it stands, because it is one by itself. */
    boolean covers(int codePoint) {
        return (looks.isEmpty() || !Character.isWhitespace(codePoint))
                && whole.matcher(Character.toString(codePoint)).matches();
    }

    private Part alternatives() {
        Part part = sequence();
        while (at < regex.length() && regex.charAt(at) == '|') {
            at++;
            Part other = sequence();
            part = new Part(
                    part.nullable || other.nullable, union(part.first, other.first), union(part.last, other.last));
        }
        return part;
    }

    private Part sequence() {
        Part part = new Part(true, new BitSet(), new BitSet());
        while (at < regex.length() && regex.charAt(at) != '|' && regex.charAt(at) != ')') {
            Part next = quantified(atom());
            link(part.last, next.first);
            part = new Part(
                    part.nullable && next.nullable,
                    part.nullable ? union(part.first, next.first) : part.first,
                    next.nullable ? union(part.last, next.last) : next.last);
        }
        return part;
    }

    private Part quantified(Part part) {
        if (at >= regex.length()) {
            return part;
        }
        Part result;
        switch (regex.charAt(at)) {
            case '?' -> {
                at++;
                result = new Part(true, part.first, part.last);
            }
            case '*', '+' -> {
                link(part.last, part.first);
                result = new Part(part.nullable || regex.charAt(at) == '*', part.first, part.last);
                at++;
            }
            case '{' -> {
                int end = regex.indexOf('}', at);
                if (end < 0 || !regex.substring(at + 1, end).matches("\\d*(,\\d*)?")) {
                    throw unclear("a brace");
                }
                boolean mayBeNone = regex.startsWith("{0", at) || regex.startsWith("{,", at);
                link(part.last, part.first);
                result = new Part(part.nullable || mayBeNone, part.first, part.last);
                at = end + 1;
            }
            default -> {
                return part;
            }
        }
        if (at < regex.length() && (regex.charAt(at) == '?' || regex.charAt(at) == '+')) {
            at++;
        }
        return result;
    }

    private Part atom() {
        char c = regex.charAt(at);
        return switch (c) {
            case '(' -> group();
            case '[' -> position(characterClass());
            case '\\' -> position(escape());
            case '.' -> {
                at++;
                yield position(any -> true);
            }
            case '^', '$', '*', '+', '?', '{' -> throw unclear("`" + c + "`");
            default -> {
                int codePoint = regex.codePointAt(at);
                at += Character.charCount(codePoint);
                yield position(matching(Pattern.quote(Character.toString(codePoint))));
            }
        };
    }

    private Part group() {
        boolean outer = ignoreCase;
        boolean look = regex.startsWith("(?!", at) || regex.startsWith("(?=", at);
        if (look || regex.startsWith("(?:", at)) {
            at += 3;
        } else if (regex.startsWith("(?i:", at)) {
            at += 4;
            ignoreCase = true;
        } else if (regex.startsWith("(?", at)) {
            throw unclear("a group of this kind");
        } else {
            at++;
        }
        int before = positions.size();
        Part part = alternatives();
        if (at >= regex.length()) {
            throw unclear("a group without its end");
        }
        at++;
        ignoreCase = outer;
        if (!look) {
            return part;
        }
        for (int i = before; i < positions.size(); i++) {
            if (!follow.get(i).isEmpty()) {
                throw unclear("a look ahead by more than one character");
            }
            looks.set(i);
        }
        return new Part(true, part.first, part.last);
    }

    private IntPredicate characterClass() {
        int start = at;
        int depth = 0;
        do {
            char c = regex.charAt(at);
            if (c == '\\') {
                at++;
            } else if (c == '[') {
                if (regex.startsWith("[:", at)) {
                    throw unclear("a POSIX class");
                }
                depth++;
            } else if (c == ']') {
                depth--;
            }
            at++;
        } while (depth > 0 && at < regex.length());
        return matching(regex.substring(start, Math.min(at, regex.length())));
    }

    private IntPredicate escape() {
        int start = at++;
        if (at >= regex.length()) {
            throw unclear("a backslash at its end");
        }
        char c = regex.charAt(at++);
        if (Character.isLetterOrDigit(c) && PLAIN_ESCAPES.indexOf(c) < 0) {
            throw unclear("`\\" + c + "`");
        }
        if ((c == 'p' || c == 'P') && at < regex.length() && regex.charAt(at) == '{') {
            at = regex.indexOf('}', at) + 1;
        }
        return matching(regex.substring(start, at));
    }

    private IntPredicate matching(String one) {
        try {
            Pattern pattern =
                    Pattern.compile(one, UNICODE | (ignoreCase ? Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE : 0));
            return c -> pattern.matcher(Character.toString(c)).matches();
        } catch (PatternSyntaxException e) {
            throw unclear(String.valueOf(e.getMessage()));
        }
    }

    private Part position(IntPredicate takes) {
        BitSet self = new BitSet();
        self.set(positions.size());
        positions.add(takes);
        follow.add(new BitSet());
        return new Part(false, self, self);
    }

    private void link(BitSet from, BitSet to) {
        from.stream().forEach(i -> follow.get(i).or(to));
    }

    private static BitSet union(BitSet a, BitSet b) {
        BitSet both = (BitSet) a.clone();
        both.or(b);
        return both;
    }

    private IllegalArgumentException unclear(String what) {
        return new IllegalArgumentException("the expression " + regex + " has " + what + " near character " + at);
    }
}
