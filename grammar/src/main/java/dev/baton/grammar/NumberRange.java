package dev.baton.grammar;

import dev.baton.grammar.Nfa.Fragment;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** Decimal numbers between two bounds, without exponents. */
record NumberRange(@Nullable Bound low, @Nullable Bound high, boolean wholeOnly) {
    /** Digits before and after the point where no bound needs more. */
    private static final int DIGITS = 15;

    private static final int MOST_DIGITS = 40;

    record Bound(BigDecimal value, boolean included) {
        Bound negated() {
            return new Bound(value.negate(), included);
        }
    }

    Fragment build(Nfa nfa) {
        Bound zero = new Bound(BigDecimal.ZERO, true);
        Bound beyondZero = new Bound(BigDecimal.ZERO, false);
        List<Fragment> signs = new ArrayList<>();
        if (high == null || high.value().signum() >= 0) {
            signs.add(magnitude(nfa, low == null || low.value().signum() < 0 ? zero : low, high));
        }
        if (low == null || low.value().signum() < 0) {
            Bound nearest = high == null || high.value().signum() >= 0 ? beyondZero : high.negated();
            signs.add(nfa.sequence(nfa.literal("-"), magnitude(nfa, nearest, low == null ? null : low.negated())));
        }
        return nfa.anyOf(signs);
    }

    /** Digits of a bound that is not negative. */
    private record Digits(String whole, String fraction, boolean included) {
        static Digits of(Bound bound) {
            String text = bound.value().stripTrailingZeros().toPlainString();
            int point = text.indexOf('.');
            Digits digits = point < 0
                    ? new Digits(text, "", bound.included())
                    : new Digits(text.substring(0, point), text.substring(point + 1), bound.included());
            if (digits.whole.length() > MOST_DIGITS || digits.fraction.length() > MOST_DIGITS) {
                throw new GrammarException("A bound of a number has more than " + MOST_DIGITS + " digits.");
            }
            return digits;
        }

        /** How digit {@code i} of a whole part compares, where all before it are equal. */
        int compareWhole(int i, int digit) {
            return i < whole.length() ? Integer.compare(digit, whole.charAt(i) - '0') : 0;
        }

        /** What is known of a number whose whole part has so many digits, from the comparison of these. */
        int afterWhole(int digits, int compared) {
            return digits == whole.length() ? compared : Integer.compare(digits, whole.length());
        }

        int compareFraction(int i, int digit) {
            return Integer.compare(digit, i < fraction.length() ? fraction.charAt(i) - '0' : 0);
        }

        /** As {@code compared}, or less when the bound has more digits. Its last one is not 0. */
        int atEnd(int fractionDigits, int compared) {
            return compared == 0 && fractionDigits < fraction.length() ? -1 : compared;
        }
    }

    private enum Part {
        START,
        WHOLE,
        POINT,
        FRACTION
    }

    /** @param toLow, toHigh how the digits so far compare with those of the bounds */
    private record State(Part part, int digits, boolean zero, int toLow, int toHigh) {}

    private Fragment magnitude(Nfa nfa, Bound least, @Nullable Bound most) {
        Digits floor = Digits.of(least);
        Digits ceiling = most == null ? null : Digits.of(most);
        Fragment whole = new Fragment(nfa.node(), nfa.node());
        Map<State, Integer> nodes = new HashMap<>();
        Queue<State> open = new ArrayDeque<>();
        State start = new State(Part.START, 0, false, 0, 0);
        nodes.put(start, whole.start());
        open.add(start);
        for (State state = open.poll(); state != null; state = open.poll()) {
            int from = Objects.requireNonNull(nodes.get(state));
            if (accepts(state, floor, ceiling)) {
                nfa.nothing(from, whole.end());
            }
            for (int c = '.'; c <= '9'; c++) {
                State next = c == '.'
                        ? point(state, floor, ceiling)
                        : c == '/' ? null : digit(state, c - '0', floor, ceiling);
                if (next != null) {
                    Integer known = nodes.get(next);
                    if (known == null) {
                        known = nfa.node();
                        nodes.put(next, known);
                        open.add(next);
                    }
                    nfa.bytes(from, c, c, known);
                }
            }
        }
        return whole;
    }

    private @Nullable State point(State state, Digits floor, @Nullable Digits ceiling) {
        if (wholeOnly || state.part != Part.WHOLE) {
            return null;
        }
        return new State(
                Part.POINT,
                0,
                false,
                floor.afterWhole(state.digits, state.toLow),
                ceiling == null ? -1 : ceiling.afterWhole(state.digits, state.toHigh));
    }

    private @Nullable State digit(State state, int digit, Digits floor, @Nullable Digits ceiling) {
        boolean fraction = state.part == Part.POINT || state.part == Part.FRACTION;
        int longest = fraction
                ? Math.max(
                        DIGITS, Math.max(floor.fraction.length(), ceiling == null ? 0 : ceiling.fraction.length()) + 1)
                : Math.max(DIGITS, ceiling == null ? floor.whole.length() + 1 : ceiling.whole.length());
        if (state.zero || state.digits == longest) {
            return null;
        }
        int at = state.digits;
        int low = state.toLow;
        int high = state.toHigh;
        if (low == 0) {
            low = fraction ? floor.compareFraction(at, digit) : floor.compareWhole(at, digit);
        }
        if (high == 0 && ceiling != null) {
            high = fraction ? ceiling.compareFraction(at, digit) : ceiling.compareWhole(at, digit);
        }
        boolean zero = state.part == Part.START && digit == 0;
        return new State(fraction ? Part.FRACTION : Part.WHOLE, at + 1, zero, low, high);
    }

    private static boolean accepts(State state, Digits floor, @Nullable Digits ceiling) {
        if (state.part == Part.START || state.part == Part.POINT) {
            return false;
        }
        boolean fraction = state.part == Part.FRACTION;
        int low = floor.atEnd(
                fraction ? state.digits : 0, fraction ? state.toLow : floor.afterWhole(state.digits, state.toLow));
        if (low < 0 || (low == 0 && !floor.included)) {
            return false;
        }
        if (ceiling == null) {
            return true;
        }
        int high = ceiling.atEnd(
                fraction ? state.digits : 0, fraction ? state.toHigh : ceiling.afterWhole(state.digits, state.toHigh));
        return high < 0 || (high == 0 && ceiling.included);
    }
}
