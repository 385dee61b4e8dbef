package dev.baton.grammar;

/** What compiling one grammar, or all of one request, may cost. Schemas come from clients: each node and each step of work is paid for here. */
final class Budget {
    /** Nodes of the automata before they are made deterministic. */
    static final int MOST_NODES = 200_000;

    /** States of the deterministic automata. */
    static final int MOST_STATES = 60_000;

    /** Cells of their tables: 16 MiB. */
    static final int MOST_CELLS = 4 << 20;

    /** Nodes looked at while they are made deterministic: about a second. */
    static final long MOST_WORK = 40_000_000;

    private int nodes;
    private int states;
    private long cells;
    private long work;
    private boolean spent;

    void node() {
        if (++nodes > MOST_NODES) {
            throw tooLarge("more than " + MOST_NODES + " nodes");
        }
    }

    void state(int width) {
        cells += width;
        if (++states > MOST_STATES || cells > MOST_CELLS) {
            throw tooLarge("more than " + MOST_STATES + " states or " + MOST_CELLS + " table cells");
        }
    }

    void work(int steps) {
        work += steps;
        if (work > MOST_WORK) {
            throw tooLarge("more than " + MOST_WORK + " steps to compile");
        }
    }

    /** Whether anything was too large for it: nothing more can be paid. */
    boolean spent() {
        return spent;
    }

    private GrammarException tooLarge(String what) {
        spent = true;
        return new GrammarException("The structure is too large: it needs " + what
                + ". Use smaller counts, fewer alternatives or fewer" + " properties.");
    }
}
