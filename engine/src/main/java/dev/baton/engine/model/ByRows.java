package dev.baton.engine.model;

import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Buffers made for one number of rows, and made anew when another number comes. */
final class ByRows<B extends ByRows.Closing> implements AutoCloseable {
    private final IntFunction<B> make;
    private @Nullable B held;
    private int rows;

    /** Closes without an exception. */
    interface Closing extends AutoCloseable {
        @Override
        void close();
    }

    ByRows(IntFunction<B> make) {
        this.make = make;
    }

    /** The old ones go first, so that there is never twice the memory; when there is none for new ones, none are held. */
    B of(int wanted) {
        B old = held;
        if (old != null && rows == wanted) {
            return old;
        }
        close();
        B made = make.apply(wanted);
        held = made;
        rows = wanted;
        return made;
    }

    @Override
    public void close() {
        B old = held;
        held = null;
        if (old != null) {
            old.close();
        }
    }
}
