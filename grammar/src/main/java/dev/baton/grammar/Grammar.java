package dev.baton.grammar;

import dev.baton.protocol.v1.Structure;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The texts that a structure allows, as deterministic automata over classes of bytes that may call each other. Every state
 * can reach the end of its rule. Immutable.
 */
public final class Grammar {
    /** Characters of a JSON schema. */
    public static final int LONGEST_SCHEMA = 256 * 1024;

    /** Characters of a regular expression. */
    public static final int LONGEST_REGEX = 8 * 1024;

    /** Marks a byte that no text has: no token goes this way. */
    static final int NONE = -1;

    private static final int[] NO_CALLS = {};

    private final byte[] classOf;
    private final int classes;
    /** By state times classes, plus class: the next state. */
    private final int[] table;

    private final boolean[] ends;
    private final boolean[] reads;
    /** By state: pairs of a called rule's first state and the state to go on with after it. */
    private final int[][] calls;

    private final int start;

    Grammar(byte[] classOf, int classes, int[] table, boolean[] ends, int[][] calls, int start) {
        this.classOf = classOf;
        this.classes = classes;
        this.table = table;
        this.ends = ends;
        this.calls = calls;
        this.start = start;
        this.reads = new boolean[ends.length];
        for (int state = 0; state < reads.length; state++) {
            for (int c = 0; c < classes; c++) {
                reads[state] |= table[state * classes + c] != NONE;
            }
            if (calls[state].length == 0) {
                calls[state] = NO_CALLS;
            }
        }
    }

    /** @throws GrammarException when it is too large, asks for what is not supported, or allows no text at all */
    public static Grammar of(Structure structure) {
        return of(structure, new Budget());
    }

    /**
     * Why each of the structures cannot be guaranteed, empty where it can. All of them together may cost what a single one
     * may: once that is spent, the rest cannot be guaranteed either.
     */
    public static List<Optional<String>> faults(List<Structure> structures) {
        Budget budget = new Budget();
        Map<Structure, Optional<String>> known = new HashMap<>();
        return structures.stream()
                .map(structure -> known.computeIfAbsent(structure, one -> fault(one, budget)))
                .toList();
    }

    private static Optional<String> fault(Structure structure, Budget budget) {
        if (budget.spent()) {
            return Optional.of("The structures before it in the request are too large: nothing is left to compile it."
                    + " Use fewer or smaller ones.");
        }
        try {
            of(structure, budget);
            return Optional.empty();
        } catch (GrammarException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static Grammar of(Structure structure, Budget budget) {
        Nfa nfa = new Nfa(budget);
        int root = nfa.rule(new StructureReader(nfa).read(structure));
        return new Determiniser(nfa, budget).determinise(root);
    }

    /** Of all automata together. */
    public int states() {
        return ends.length;
    }

    /** What its tables take. */
    public long bytes() {
        long bytes = 256L + (long) table.length * Integer.BYTES + 2L * ends.length;
        for (int[] of : calls) {
            bytes += (long) of.length * Integer.BYTES;
        }
        return bytes;
    }

    int classes() {
        return classes;
    }

    int classOf(int b) {
        return classOf[b & 0xFF] & 0xFF;
    }

    int start() {
        return start;
    }

    int next(int state, int byteClass) {
        return table[state * classes + byteClass];
    }

    /** Whether the state's rule may end here. */
    boolean ends(int state) {
        return ends[state];
    }

    /** Whether any byte leads on from the state. */
    boolean reads(int state) {
        return reads[state];
    }

    int[] calls(int state) {
        return calls[state];
    }
}
