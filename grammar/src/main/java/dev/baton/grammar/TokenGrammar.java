package dev.baton.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A grammar over the tokens of one vocabulary. Which tokens may come at a position depends mostly on its states: that part
 * is found once for each state. Only tokens that end a rule and go on behind it depend on what called the rule, and only
 * they are looked at again for each caller. Where a state reads one character of a kind after the other, as inside of a
 * string, the tokens of such characters alone are known ({@link Run}), and only the others are looked at. One thread at a
 * time uses it and its answers.
 */
public final class TokenGrammar {
    /** Of masks and exits that are kept; all are forgotten when there are more. */
    static final int MOST_KEPT_BYTES = 8 << 20;

    /** What exits take besides their nodes: the map of an object, the places of both in tables. */
    private static final int EXITS_OVERHEAD = 400;

    /** Worth finding the tokens of its characters. */
    private static final int SHORTEST_RUN = 3;

    private final Grammar grammar;
    private final Vocabulary vocabulary;
    private final Positions positions;
    private final Map<Integer, Local> locals = new HashMap<>();
    private final Map<Exits, Exits> knownExits = new HashMap<>();
    private final Position[] path;
    private final Runs runs;
    private final int words;
    private int masks;
    private long exitBytes;

    /** What a state's own rule allows, and where it can end within a token: null until asked for. */
    private static final class Local {
        private final long[] mask;
        private @Nullable Exits exits;

        Local(long[] mask, @Nullable Exits exits) {
            this.mask = mask;
            this.exits = exits;
        }
    }

    public TokenGrammar(Grammar grammar, Vocabulary vocabulary) {
        this.grammar = grammar;
        this.vocabulary = vocabulary;
        this.positions = new Positions(grammar);
        this.words = (vocabulary.size() + 63) / 64;
        this.path = new Position[Short.MAX_VALUE];
        this.runs = new Runs(grammar);
    }

    /** An answer that has not begun. */
    public TokenMatcher matcher() {
        return new TokenMatcher(this);
    }

    /** What the masks and exits take that are kept. */
    public long keptBytes() {
        return (long) masks * words * Long.BYTES + exitBytes;
    }

    Position start() {
        return positions.at(grammar.start(), null);
    }

    /** After a token; null when it cannot come here. */
    @Nullable
    Position after(Position from, int token) {
        trim();
        byte[] spelled = vocabulary.spelling(token);
        if (spelled.length == 0) {
            return null;
        }
        Position at = from;
        for (byte b : spelled) {
            at = positions.step(at, grammar.classOf(b));
            if (at == positions.dead) {
                return null;
            }
        }
        return at;
    }

    /** A bit for each token that may come next. Not to be changed. */
    long[] mask(Position position) {
        long[] mask = position.mask;
        if (mask == null) {
            mask = shared(position);
            if (mask == null) {
                mask = new long[words];
                masks++;
                for (int i = 0; i < position.states.length; i++) {
                    trim(); // one position can have thousands of states
                    add(position.states[i], position.frames[i], mask);
                }
            }
            position.mask = mask;
        }
        return mask;
    }

    /** Where nothing depends on a caller, the state's own. */
    private long @Nullable [] shared(Position position) {
        return position.states.length == 1 && position.frames[0] == null ? known(position.states[0]).mask : null;
    }

    private void trim() {
        boolean full = keptBytes() > MOST_KEPT_BYTES;
        if (full) {
            positions.forget();
        }
        if (positions.trim() || full) {
            locals.clear();
            knownExits.clear();
            masks = 0;
            exitBytes = 0;
        }
    }

    private void add(int state, @Nullable Frame frame, long[] mask) {
        Local local = known(state);
        for (int w = 0; w < words; w++) {
            mask[w] |= local.mask[w];
        }
        if (frame == null) {
            return;
        }
        Exits exits = local.exits;
        if (exits == null) {
            exits = exits(state);
            local.exits = exits;
        }
        if (exits.nodes.length == 0) {
            return;
        }
        Position after = positions.after(frame);
        long[] behind = exits.behind.get(after);
        if (behind == null) {
            behind = behind(exits, after);
            exits.behind.put(after, behind);
            masks++;
        }
        for (int w = 0; w < words; w++) {
            mask[w] |= behind[w];
        }
    }

    /** Tokens that end a rule at one of the exits and go on where its caller does. */
    private long[] behind(Exits exits, Position after) {
        long[] mask = new long[words];
        for (int node : exits.nodes) {
            path[vocabulary.depth(node)] = after;
            walk(node + 1, vocabulary.end(node), mask, null);
        }
        return mask;
    }

    private Local known(int state) {
        Local local = locals.get(state);
        if (local == null) {
            local = local(state);
            locals.put(state, local);
        }
        return local;
    }

    private Local local(int state) {
        masks++;
        path[0] = positions.at(state, null);
        Run.Chars chars = runs.of(state);
        Local found = chars == null ? null : byRun(state, chars);
        if (found != null) {
            return found;
        }
        long[] mask = new long[words];
        Nodes exits = new Nodes();
        walk(0, vocabulary.nodes(), mask, exits);
        return new Local(mask, interned(exits));
    }

    /** Those that {@link #local} leaves out. */
    private Exits exits(int state) {
        Nodes exits = new Nodes();
        path[0] = positions.at(state, null);
        walk(0, vocabulary.nodes(), new long[words], exits);
        return interned(exits);
    }

    /** States that read on alike have the same exits: they are one object. */
    private Exits interned(Nodes nodes) {
        Exits found = new Exits(Arrays.copyOf(nodes.all, nodes.count));
        Exits before = knownExits.putIfAbsent(found, found);
        if (before != null) {
            return before;
        }
        exitBytes += EXITS_OVERHEAD + (long) Integer.BYTES * found.nodes.length;
        return found;
    }

    /** For a state that reads one character of a kind after the other. Null where a walk over all tokens is better. */
    private @Nullable Local byRun(int state, Run.Chars chars) {
        if (!vocabulary.knows(chars) && runs.length(state, chars, SHORTEST_RUN) < SHORTEST_RUN) {
            return null;
        }
        Run run = vocabulary.run(chars);
        int length = runs.length(state, chars, run.longest + 1);
        Position[] reached = new Position[length + 1];
        reached[0] = path[0];
        int any = grammar.classOf(chars.first());
        boolean ends = false;
        for (int i = 1; i <= length; i++) {
            reached[i] = positions.step(reached[i - 1], any);
            ends |= reached[i].complete;
        }
        if (length <= run.longest && runs.goesOn(runs.after(state, length), chars)) {
            return null;
        }
        long[] mask = new long[words];
        Nodes exits = new Nodes();
        run.add(length, mask);
        for (int i = 0; i < run.exits.length; i++) {
            int before = run.charsBefore[i];
            if (before > length) {
                continue;
            }
            Position from = reached[before];
            // Most lead nowhere, and are left quickly.
            if (run.begun[i] > 0 || positions.step(from, grammar.classOf(run.bytes[i])) != positions.dead) {
                leave(run, i, from, mask, exits);
            }
        }
        return new Local(mask, ends ? null : interned(exits));
    }

    /** Walks below the node at which tokens leave a run. */
    private void leave(Run run, int exit, Position from, long[] mask, Nodes exits) {
        int node = run.exits[exit];
        int depth = vocabulary.depth(node);
        Position at = from;
        if (run.begun[exit] > 0) {
            byte[] spelled = vocabulary.spelling(vocabulary.tokenAt(vocabulary.firstToken(node)));
            for (int i = depth - 1 - run.begun[exit]; i < depth - 1; i++) {
                at = positions.step(at, grammar.classOf(spelled[i]));
            }
        }
        path[depth - 1] = at;
        if (at != positions.dead) {
            walk(node, vocabulary.end(node), mask, exits);
        }
    }

    /** Visits the nodes in a range, below one whose position is on the path already. */
    private void walk(int from, int to, long[] mask, @Nullable Nodes exits) {
        int node = from;
        while (node < to) {
            int depth = vocabulary.depth(node);
            Position at = positions.step(path[depth - 1], grammar.classOf(vocabulary.byteOf(node)));
            int end = vocabulary.end(node);
            if (at == positions.dead) {
                node = end;
                continue;
            }
            path[depth] = at;
            int last = vocabulary.firstToken(node + 1);
            for (int place = vocabulary.firstToken(node); place < last; place++) {
                int token = vocabulary.tokenAt(place);
                mask[token >> 6] |= 1L << token;
            }
            if (exits != null && at.complete && end > node + 1) {
                exits.add(node);
            }
            node = at.states.length == 0 ? end : node + 1;
        }
    }

    /** The nodes of the tree at which a rule can end with bytes to come, and which tokens do so, by where they go on. */
    private static final class Exits {
        private final int[] nodes;
        private final Map<Position, long[]> behind = new IdentityHashMap<>();

        Exits(int[] nodes) {
            this.nodes = nodes;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Exits exits && Arrays.equals(nodes, exits.nodes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(nodes);
        }
    }

    private static final class Nodes {
        private int[] all = new int[16];
        private int count;

        void add(int node) {
            if (count == all.length) {
                all = Arrays.copyOf(all, 2 * count);
            }
            all[count++] = node;
        }
    }
}
