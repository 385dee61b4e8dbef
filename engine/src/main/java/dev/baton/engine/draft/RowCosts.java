package dev.baton.engine.draft;

import java.util.Arrays;

/**
 * How long a step takes by the number of its rows, measured on steps without prompts. Between and beyond the numbers that
 * were seen it is estimated. One thread.
 */
final class RowCosts {
    /** Weight of the newest step. */
    private static final double NEWEST = 0.1;
    /** A step that took longer than this many times what its like took was disturbed from outside, and counts as that long. */
    private static final double DISTURBED = 2;
    /** Of each row that was never measured, of the whole step. */
    private static final double UNKNOWN_ROW = 0.03;

    private final double[] nanos = new double[512];
    private final long[] measuredAt = new long[nanos.length];
    private long steps;

    RowCosts() {
        Arrays.fill(measuredAt, Long.MIN_VALUE / 2);
    }

    void measured(int rows, long time) {
        steps++;
        if (rows < 1 || rows >= nanos.length || time <= 0) {
            return;
        }
        measuredAt[rows] = steps;
        double known = nanos[rows];
        nanos[rows] = known == 0 ? time : known + NEWEST * (Math.min(time, DISTURBED * known) - known);
    }

    /** Whether steps of so many rows were measured among the last {@code within}. */
    boolean fresh(int rows, int within) {
        return rows < nanos.length && steps - measuredAt[rows] <= within;
    }

    /** A step of {@code to} rows takes so many times as long as one of {@code from}, at least 1. */
    double slowdown(int from, int to) {
        double one = time(from);
        return one == 0 ? 1 + UNKNOWN_ROW * (to - from) : Math.max(1, time(to) / one);
    }

    /** 0 when nothing was measured. */
    private double time(int rows) {
        int last = nanos.length - 1;
        if (rows > last) {
            return time(last) * rows / last;
        }
        int at = rows;
        int below = at;
        while (below > 0 && nanos[below] == 0) {
            below--;
        }
        int above = at;
        while (above < nanos.length && nanos[above] == 0) {
            above++;
        }
        if (below == at) {
            return nanos[at];
        }
        if (below == 0) {
            return above == nanos.length ? 0 : nanos[above];
        }
        double longer = nanos[below] * (1 + UNKNOWN_ROW * (at - below));
        if (above == nanos.length) {
            return longer;
        }
        double share = (at - below) / (double) (above - below);
        return nanos[below] + share * Math.max(0, nanos[above] - nanos[below]);
    }
}
