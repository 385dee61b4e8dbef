package dev.baton.grammar;

import org.jspecify.annotations.Nullable;

/**
 * Where the bytes so far can have led: pairs of a state that reads on and the frame below it. Equal ones are one object
 * as long as the table that made them lasts; where a byte leads, and which tokens may come, is found once.
 */
final class Position {
    final int[] states;
    final @Nullable Frame[] frames;
    /** The text may end here. */
    final boolean complete;
    /** By class of byte; null until known. */
    final @Nullable Position[] next;

    long @Nullable [] mask;

    Position(int[] states, @Nullable Frame[] frames, boolean complete, int classes) {
        this.states = states;
        this.frames = frames;
        this.complete = complete;
        this.next = new Position[classes];
    }
}
