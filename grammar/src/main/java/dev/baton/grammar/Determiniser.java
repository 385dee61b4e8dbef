package dev.baton.grammar;

import dev.baton.grammar.Nfa.Bytes;
import dev.baton.grammar.Nfa.Call;
import dev.baton.grammar.Nfa.Edge;
import dev.baton.grammar.Nfa.Fragment;
import dev.baton.grammar.Nfa.Nothing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes the rules of a grammar deterministic, one by one, and takes out what leads nowhere. */
final class Determiniser {
    private final Nfa nfa;
    private final Budget budget;
    private final byte[] classOf = new byte[256];
    private final int[] firstOfClass;
    private final int classes;

    private final List<int[]> rows = new ArrayList<>();
    private final List<Boolean> ends = new ArrayList<>();
    /** By state: pairs of a rule and the state to go on with. */
    private final List<List<int[]>> calls = new ArrayList<>();

    private final int[] mark;
    private int marks;

    Determiniser(Nfa nfa, Budget budget) {
        this.nfa = nfa;
        this.budget = budget;
        this.mark = new int[nfa.nodes()];
        boolean[] cut = new boolean[257];
        cut[0] = true;
        for (int node = 0; node < nfa.nodes(); node++) {
            for (Edge edge : nfa.edges(node)) {
                if (edge instanceof Bytes bytes) {
                    cut[bytes.low()] = true;
                    cut[bytes.high() + 1] = true;
                }
            }
        }
        int count = -1;
        int[] first = new int[256];
        for (int b = 0; b < 256; b++) {
            if (cut[b]) {
                first[++count] = b;
            }
            classOf[b] = (byte) count;
        }
        this.classes = count + 1;
        this.firstOfClass = Arrays.copyOf(first, classes);
    }

    /** A set of nodes, in order. */
    private record Nodes(int[] ids) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Nodes(int[] others) && Arrays.equals(ids, others);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(ids);
        }
    }

    Grammar determinise(int root) {
        int[] starts = new int[nfa.rules().size()];
        int[] from = new int[starts.length + 1];
        for (int rule = 0; rule < starts.length; rule++) {
            from[rule] = rows.size();
            starts[rule] = rule(nfa.rules().get(rule));
        }
        from[starts.length] = rows.size();
        new Pruning(rows, ends, calls, from).prune(starts, root);
        int[] table = new int[rows.size() * classes];
        boolean[] ending = new boolean[rows.size()];
        int[][] called = new int[rows.size()][];
        for (int state = 0; state < rows.size(); state++) {
            System.arraycopy(rows.get(state), 0, table, state * classes, classes);
            ending[state] = ends.get(state);
            List<int[]> of = calls.get(state);
            called[state] = new int[2 * of.size()];
            for (int i = 0; i < of.size(); i++) {
                called[state][2 * i] = starts[of.get(i)[0]];
                called[state][2 * i + 1] = of.get(i)[1];
            }
        }
        return new Grammar(classOf, classes, table, ending, called, starts[root]);
    }

    private int rule(Fragment rule) {
        Map<Nodes, Integer> known = new HashMap<>();
        List<Nodes> open = new ArrayList<>();
        int start = state(closure(List.of(rule.start()), rule.end()), known, open, rule.end());
        for (int i = 0; i < open.size(); i++) {
            expand(start + i, open.get(i), known, open, rule.end());
        }
        return start;
    }

    private int state(Nodes nodes, Map<Nodes, Integer> known, List<Nodes> open, int end) {
        Integer id = known.get(nodes);
        if (id == null) {
            budget.state(classes);
            id = rows.size();
            known.put(nodes, id);
            open.add(nodes);
            int[] row = new int[classes];
            Arrays.fill(row, Grammar.NONE);
            rows.add(row);
            ends.add(Arrays.binarySearch(nodes.ids(), end) >= 0);
            calls.add(new ArrayList<>());
        }
        return id;
    }

    private void expand(int state, Nodes nodes, Map<Nodes, Integer> known, List<Nodes> open, int end) {
        List<List<Integer>> targets = new ArrayList<>();
        for (int c = 0; c < classes; c++) {
            targets.add(new ArrayList<>(1));
        }
        Map<Integer, List<Integer>> called = new TreeMap<>();
        for (int node : nodes.ids()) {
            for (Edge edge : nfa.edges(node)) {
                switch (edge) {
                    case Bytes bytes -> {
                        int last = classOf[bytes.high()] & 0xFF;
                        for (int c = classOf[bytes.low()] & 0xFF; c <= last; c++) {
                            targets.get(c).add(bytes.to());
                        }
                        budget.work(1);
                    }
                    case Call call ->
                        called.computeIfAbsent(call.rule(), rule -> new ArrayList<>())
                                .add(call.to());
                    case Nothing nothing -> {}
                }
            }
        }
        Map<List<Integer>, Integer> reached = new HashMap<>();
        for (int c = 0; c < firstOfClass.length; c++) {
            List<Integer> to = targets.get(c);
            if (!to.isEmpty()) {
                Integer next = reached.get(to);
                if (next == null) {
                    next = state(closure(to, end), known, open, end);
                    reached.put(to, next);
                }
                rows.get(state)[c] = next;
            }
        }
        called.forEach((rule, to) -> calls.get(state).add(new int[] {rule, state(closure(to, end), known, open, end)}));
    }

    /** All that is reached on nothing; of these only the nodes that matter: with other edges, or the rule's end. */
    private Nodes closure(List<Integer> from, int end) {
        marks++;
        int[] found = new int[16];
        int count = 0;
        for (int node : from) {
            if (mark[node] != marks) {
                mark[node] = marks;
                found = with(found, count, node);
                count++;
            }
        }
        int kept = 0;
        for (int i = 0; i < count; i++) {
            int node = found[i];
            boolean matters = node == end;
            for (Edge edge : nfa.edges(node)) {
                if (edge instanceof Nothing(int to)) {
                    if (mark[to] != marks) {
                        mark[to] = marks;
                        found = with(found, count, to);
                        count++;
                    }
                } else {
                    matters = true;
                }
            }
            if (matters) {
                found[kept++] = node;
            }
        }
        budget.work(count);
        int[] ids = Arrays.copyOf(found, kept);
        Arrays.sort(ids);
        return new Nodes(ids);
    }

    private static int[] with(int[] ids, int count, int id) {
        int[] room = count < ids.length ? ids : Arrays.copyOf(ids, 2 * count);
        room[count] = id;
        return room;
    }
}
