package dev.baton.grammar;

import org.jspecify.annotations.Nullable;

/** The states of a grammar that read any character of a kind, all of which lead to one state. One thread. */
final class Runs {
    /** With fewer characters the tokens are quicker found by walking. */
    private static final int FEWEST = 8;

    private static final Run.Chars NO_RUN = new Run.Chars(0, 0, false);

    private final Grammar grammar;
    private final Run.@Nullable Chars[] known;
    private final int[] after;

    Runs(Grammar grammar) {
        this.grammar = grammar;
        this.known = new Run.Chars[grammar.states()];
        this.after = new int[grammar.states()];
    }

    /** The characters that the state reads to go to one other; null when it is no such state. */
    Run.@Nullable Chars of(int state) {
        Run.Chars found = known[state];
        if (found == null) {
            found = find(state);
            known[state] = found;
        }
        return found == NO_RUN ? null : found;
    }

    /** The state after so many characters, each of which the one before reads. */
    int after(int state, int length) {
        int at = state;
        for (int i = 0; i < length; i++) {
            at = after[at];
        }
        return at;
    }

    /** How many such characters can come one after the other, up to a bound. */
    int length(int state, Run.Chars chars, int most) {
        int length = 0;
        int at = state;
        while (length < most && chars.equals(of(at))) {
            at = after[at];
            length++;
        }
        return length;
    }

    /** Whether a character of the kind can come at a state, in whatever way. */
    boolean goesOn(int state, Run.Chars chars) {
        if (grammar.calls(state).length > 0) {
            return true;
        }
        for (int b = 0; b < 256; b++) {
            if ((b < 0x80 ? chars.has(b) : chars.beyond()) && grammar.next(state, grammar.classOf(b)) != Grammar.NONE) {
                return true;
            }
        }
        return false;
    }

    /** Kinds without any letter e are too rare to be looked for. */
    private Run.Chars find(int state) {
        int to = grammar.next(state, grammar.classOf('e'));
        if (to == Grammar.NONE) {
            to = grammar.next(state, grammar.classOf('E'));
        }
        if (to == Grammar.NONE || grammar.calls(state).length > 0) {
            return NO_RUN;
        }
        long low = 0;
        long high = 0;
        for (int b = 0; b < 0x80; b++) {
            if (grammar.next(state, grammar.classOf(b)) == to) {
                low |= b < 64 ? 1L << b : 0;
                high |= b < 64 ? 0 : 1L << b;
            }
        }
        after[state] = to;
        Run.Chars chars = new Run.Chars(low, high, Utf8.beyondAscii(grammar, state) == to);
        return chars.count() < FEWEST ? NO_RUN : chars;
    }
}
