package dev.baton.model;

import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Buffers that are replaced by larger ones when more rows come than they hold. */
final class GrowableBuffers<B extends GrowableBuffers.Room> implements AutoCloseable {
    private static final int LEAST = 8;

    private final IntFunction<B> make;
    private @Nullable B held;

    /** Buffers for some rows. */
    interface Room extends AutoCloseable {
        /** Uses as many rows from now on; false, and nothing changes, when there is not room for them. */
        boolean use(int rows);

        @Override
        void close();
    }

    /** @param make makes buffers with room for that many rows */
    GrowableBuffers(IntFunction<B> make) {
        this.make = make;
    }

    /** The old ones go first, so that there is never twice the memory; when there is none for new ones, none are held. */
    B of(int wanted) {
        B old = held;
        if (old != null && old.use(wanted)) {
            return old;
        }
        close();
        // A power of two: a batch that grows row by row makes new ones a few times, not each time.
        B made = make.apply(Math.max(LEAST, Integer.highestOneBit(Math.max(1, wanted - 1)) * 2));
        made.use(wanted);
        held = made;
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
