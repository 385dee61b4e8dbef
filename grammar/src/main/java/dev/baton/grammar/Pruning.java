package dev.baton.grammar;

import java.util.ArrayList;
import java.util.List;

/** Takes out of a grammar the states from which no text ends, so that no prefix of an answer is a dead end. */
final class Pruning {
    private final List<int[]> rows;
    private final List<Boolean> ends;
    private final List<List<int[]>> calls;
    private final int[] from;
    private final boolean[] useful;
    private final boolean[] productive;

    /** @param from by rule: its first state; one more at the end */
    Pruning(List<int[]> rows, List<Boolean> ends, List<List<int[]>> calls, int[] from) {
        this.rows = rows;
        this.ends = ends;
        this.calls = calls;
        this.from = from;
        this.useful = new boolean[rows.size()];
        this.productive = new boolean[from.length - 1];
    }

    /** @throws GrammarException when nothing is left, or when a rule calls itself before it reads anything */
    void prune(int[] starts, int root) {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int rule = 0; rule < productive.length; rule++) {
                changed |= mark(rule);
                if (!productive[rule] && useful[starts[rule]]) {
                    productive[rule] = true;
                    changed = true;
                }
            }
        }
        if (!productive[root]) {
            throw new GrammarException("The structure allows no text at all: no value can satisfy it.");
        }
        for (int state = 0; state < rows.size(); state++) {
            int[] row = rows.get(state);
            for (int c = 0; c < row.length; c++) {
                row[c] = row[c] != Grammar.NONE && useful[row[c]] ? row[c] : Grammar.NONE;
            }
            calls.get(state).removeIf(call -> !productive[call[0]] || !useful[call[1]]);
        }
        refuseLoops(starts);
    }

    /** Marks the states of a rule from which its end can be reached; true when there are new ones. */
    private boolean mark(int rule) {
        boolean any = false;
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int state = from[rule + 1] - 1; state >= from[rule]; state--) {
                if (!useful[state] && leadsOn(state)) {
                    useful[state] = true;
                    changed = true;
                    any = true;
                }
            }
        }
        return any;
    }

    private boolean leadsOn(int state) {
        if (ends.get(state)) {
            return true;
        }
        for (int next : rows.get(state)) {
            if (next != Grammar.NONE && useful[next]) {
                return true;
            }
        }
        return calls.get(state).stream().anyMatch(call -> productive[call[0]] && useful[call[1]]);
    }

    private void refuseLoops(int[] starts) {
        boolean[] nullable = new boolean[starts.length];
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int rule = 0; rule < starts.length; rule++) {
                if (!nullable[rule]
                        && readingNothing(starts[rule], nullable, new ArrayList<>()).stream()
                                .anyMatch(ends::get)) {
                    nullable[rule] = true;
                    changed = true;
                }
            }
        }
        int[] colour = new int[starts.length];
        for (int rule = 0; rule < starts.length; rule++) {
            visit(rule, starts, nullable, colour);
        }
    }

    /** The states of a rule that are reached from one without reading; the rules called on the way are added. */
    private List<Integer> readingNothing(int state, boolean[] nullable, List<Integer> called) {
        List<Integer> reached = new ArrayList<>(List.of(state));
        for (int i = 0; i < reached.size(); i++) {
            for (int[] call : calls.get(reached.get(i))) {
                called.add(call[0]);
                if (nullable[call[0]] && !reached.contains(call[1])) {
                    reached.add(call[1]);
                }
            }
        }
        return reached;
    }

    private void visit(int rule, int[] starts, boolean[] nullable, int[] colour) {
        if (colour[rule] == 2) {
            return;
        }
        if (colour[rule] == 1) {
            throw new GrammarException("The structure refers to itself without anything in between.");
        }
        colour[rule] = 1;
        List<Integer> called = new ArrayList<>();
        readingNothing(starts[rule], nullable, called);
        for (int next : called) {
            visit(next, starts, nullable, colour);
        }
        colour[rule] = 2;
    }
}
