package dev.baton.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The positions of one grammar, made as they are reached. When there are many they are forgotten and made anew: those in
 * use live on with what they know. One thread.
 */
final class Positions {
    /** A few hundred bytes each. */
    private static final int MOST_POSITIONS = 20_000;

    /** Stacks of one position; schemas with many like alternatives inside each other reach it. */
    private static final int MOST_STACKS = 2_048;

    /** No text comes here. */
    final Position dead;

    private final Grammar grammar;
    private final Map<Key, Position> known = new HashMap<>();
    private final Map<Long, Frame> frames = new HashMap<>();
    private int lastFrame;

    private long[] stacks = new long[16];
    private @Nullable Frame[] below = new Frame[16];
    private int count;

    Positions(Grammar grammar) {
        this.grammar = grammar;
        this.dead = new Position(new int[0], new Frame[0], false, 0);
    }

    private record Key(int[] states, int[] frames, boolean complete) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key(int[] s, int[] f, boolean c)
                    && c == complete
                    && Arrays.equals(states, s)
                    && Arrays.equals(frames, f);
        }

        @Override
        public int hashCode() {
            return 31 * (31 * Arrays.hashCode(states) + Arrays.hashCode(frames)) + Boolean.hashCode(complete);
        }
    }

    /** Forgets all when there are too many; called between tokens. True when it did. */
    boolean trim() {
        if (known.size() + frames.size() <= MOST_POSITIONS) {
            return false;
        }
        forget();
        return true;
    }

    void forget() {
        known.clear();
        frames.clear();
    }

    /** A state above a frame, null for none: then the text ends with the state's rule. */
    Position at(int state, @Nullable Frame frame) {
        count = 0;
        push(state, frame);
        return closed();
    }

    /** Where the rule's caller goes on. */
    Position after(Frame frame) {
        Position after = frame.after;
        if (after == null) {
            after = at(frame.state, frame.caller);
            frame.after = after;
        }
        return after;
    }

    /** {@link #dead} when the byte cannot come. */
    Position step(Position from, int byteClass) {
        if (from.next.length == 0) {
            return dead;
        }
        Position to = from.next[byteClass];
        if (to == null) {
            to = find(from, byteClass);
            from.next[byteClass] = to;
        }
        return to;
    }

    private Position find(Position from, int byteClass) {
        count = 0;
        for (int i = 0; i < from.states.length; i++) {
            int next = grammar.next(from.states[i], byteClass);
            if (next != Grammar.NONE) {
                push(next, from.frames[i]);
            }
        }
        return count == 0 ? dead : closed();
    }

    private void push(int state, @Nullable Frame frame) {
        long stack = (long) state << 32 | Frame.id(frame);
        for (int i = 0; i < count; i++) {
            if (stacks[i] == stack) {
                return;
            }
        }
        if (count == MOST_STACKS) {
            throw new GrammarException("The structure is too ambiguous: more than " + MOST_STACKS
                    + " ways to read the answer so far. Make the alternatives of anyOf differ early.");
        }
        if (count == stacks.length) {
            stacks = Arrays.copyOf(stacks, 2 * count);
            below = Arrays.copyOf(below, 2 * count);
        }
        stacks[count] = stack;
        below[count++] = frame;
    }

    /** Follows calls and ends of rules from the stacks that were pushed; keeps those that read a byte. */
    private Position closed() {
        boolean complete = false;
        for (int i = 0; i < count; i++) {
            int state = (int) (stacks[i] >>> 32);
            Frame frame = below[i];
            int[] calls = grammar.calls(state);
            for (int c = 0; c < calls.length; c += 2) {
                push(calls[c], frame(calls[c + 1], frame));
            }
            if (grammar.ends(state)) {
                if (frame == null) {
                    complete = true;
                } else {
                    push(frame.state, frame.caller);
                }
            }
        }
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (grammar.reads((int) (stacks[i] >>> 32))) {
                stacks[kept] = stacks[i];
                below[kept++] = below[i];
            }
        }
        int[] states = new int[kept];
        int[] ids = new int[kept];
        sort(kept);
        for (int i = 0; i < kept; i++) {
            states[i] = (int) (stacks[i] >>> 32);
            ids[i] = (int) stacks[i];
        }
        Key key = new Key(states, ids, complete);
        Position position = known.get(key);
        if (position == null) {
            position = new Position(states, Arrays.copyOf(below, kept), complete, grammar.classes());
            known.put(key, position);
        }
        return position;
    }

    /** By insertion: there are few, and they come nearly in order. */
    private void sort(int kept) {
        for (int i = 1; i < kept; i++) {
            long stack = stacks[i];
            Frame frame = below[i];
            int at = i;
            while (at > 0 && stacks[at - 1] > stack) {
                stacks[at] = stacks[at - 1];
                below[at] = below[at - 1];
                at--;
            }
            stacks[at] = stack;
            below[at] = frame;
        }
    }

    /** A state with nothing behind it needs no frame of its own: its caller's does. */
    private @Nullable Frame frame(int state, @Nullable Frame caller) {
        if (grammar.ends(state) && !grammar.reads(state) && grammar.calls(state).length == 0) {
            return caller;
        }
        long key = (long) state << 32 | Frame.id(caller);
        Frame frame = frames.get(key);
        if (frame == null) {
            frame = new Frame(state, caller, ++lastFrame);
            frames.put(key, frame);
        }
        return frame;
    }
}
