package dev.baton.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A grammar over the tokens of one vocabulary. Which tokens may come at a position depends mostly on its states: that part
 * is found once for each state. Only tokens that end a rule and go on behind it depend on what called the rule, and only
 * they are looked at again for each caller. One thread at a time uses it and its answers.
 */
public final class TokenGrammar {
    /** Of masks that are kept; all are forgotten when there are more. */
    private static final int MOST_MASK_BYTES = 8 << 20;

    private final Grammar grammar;
    private final Vocabulary vocabulary;
    private final Positions positions;
    private final Map<Integer, Local> locals = new HashMap<>();
    private final Position[] path;
    private final int words;
    private int masks;

    /** What a state's own rule allows, and the nodes of the tree at which the rule can end with bytes to come. */
    private record Local(long[] mask, int[] exits) {}

    public TokenGrammar(Grammar grammar, Vocabulary vocabulary) {
        this.grammar = grammar;
        this.vocabulary = vocabulary;
        this.positions = new Positions(grammar);
        this.words = (vocabulary.size() + 63) / 64;
        this.path = new Position[Short.MAX_VALUE];
    }

    /** An answer that has not begun. */
    public TokenMatcher matcher() {
        return new TokenMatcher(this);
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
            mask = new long[words];
            for (int i = 0; i < position.states.length; i++) {
                add(position.states[i], position.frames[i], mask);
            }
            position.mask = mask;
            masks++;
        }
        return mask;
    }

    private void trim() {
        boolean full = (long) masks * words * Long.BYTES > MOST_MASK_BYTES;
        if (full) {
            positions.forget();
        }
        if (positions.trim() || full) {
            locals.clear();
            masks = 0;
        }
    }

    private void add(int state, @Nullable Frame frame, long[] mask) {
        Local local = locals.computeIfAbsent(state, this::local);
        for (int w = 0; w < words; w++) {
            mask[w] |= local.mask[w];
        }
        if (frame == null) {
            return;
        }
        for (int node : local.exits) {
            int depth = vocabulary.depth(node);
            path[depth] = positions.after(frame);
            walk(node + 1, vocabulary.end(node), mask, null);
        }
    }

    private Local local(int state) {
        long[] mask = new long[words];
        Exits exits = new Exits();
        path[0] = positions.at(state, null);
        walk(0, vocabulary.nodes(), mask, exits);
        masks++;
        return new Local(mask, Arrays.copyOf(exits.nodes, exits.count));
    }

    /** Visits the nodes in a range, below one whose position is on the path already. */
    private void walk(int from, int to, long[] mask, @Nullable Exits exits) {
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
            node++;
        }
    }

    private static final class Exits {
        private int[] nodes = new int[16];
        private int count;

        void add(int node) {
            if (count == nodes.length) {
                nodes = Arrays.copyOf(nodes, 2 * count);
            }
            nodes[count++] = node;
        }
    }
}
