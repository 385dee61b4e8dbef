package dev.baton.grammar;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A set of code points without surrogates: ranges, ascending, with gaps between them. */
record CharSet(List<Range> ranges) {
    static final CharSet ALL = of(List.of(new Range(0, Character.MAX_CODE_POINT)));
    static final CharSet DIGITS = range('0', '9');
    static final CharSet WORD =
            of(List.of(new Range('0', '9'), new Range('A', 'Z'), new Range('_', '_'), new Range('a', 'z')));
    static final CharSet SPACE =
            of(List.of(new Range('\t', '\r'), new Range(' ', ' '), new Range(0xA0, 0xA0), new Range(0xFEFF, 0xFEFF)));

    record Range(int low, int high) {}

    CharSet {
        ranges = List.copyOf(ranges);
    }

    static CharSet of(List<Range> given) {
        List<Range> sorted = new ArrayList<>();
        for (Range range : given) {
            add(sorted, range.low, Math.min(range.high, Character.MIN_SURROGATE - 1));
            add(sorted, Math.max(range.low, Character.MAX_SURROGATE + 1), range.high);
        }
        sorted.sort(Comparator.comparingInt(Range::low));
        List<Range> merged = new ArrayList<>();
        for (Range range : sorted) {
            if (!merged.isEmpty() && merged.getLast().high + 1 >= range.low) {
                Range last = merged.removeLast();
                merged.add(new Range(last.low, Math.max(last.high, range.high)));
            } else {
                merged.add(range);
            }
        }
        return new CharSet(merged);
    }

    private static void add(List<Range> ranges, int low, int high) {
        if (low <= high) {
            ranges.add(new Range(low, high));
        }
    }

    static CharSet range(int low, int high) {
        return of(List.of(new Range(low, high)));
    }

    CharSet or(CharSet other) {
        List<Range> all = new ArrayList<>(ranges);
        all.addAll(other.ranges);
        return of(all);
    }

    CharSet complement() {
        List<Range> gaps = new ArrayList<>();
        int from = 0;
        for (Range range : ranges) {
            add(gaps, from, range.low - 1);
            from = range.high + 1;
        }
        add(gaps, from, Character.MAX_CODE_POINT);
        return of(gaps);
    }

    CharSet without(CharSet other) {
        return complement().or(other).complement();
    }

    boolean contains(int codePoint) {
        return ranges.stream().anyMatch(range -> range.low <= codePoint && codePoint <= range.high);
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }
}
