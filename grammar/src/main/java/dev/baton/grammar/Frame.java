package dev.baton.grammar;

import org.jspecify.annotations.Nullable;

/** A rule that was called: where to go on after it, and what called that. Equal ones are one object; compare by id. */
final class Frame {
    final int state;
    final @Nullable Frame caller;
    final int id;

    @Nullable
    Position after;

    Frame(int state, @Nullable Frame caller, int id) {
        this.state = state;
        this.caller = caller;
        this.id = id;
    }

    static int id(@Nullable Frame frame) {
        return frame == null ? 0 : frame.id;
    }
}
