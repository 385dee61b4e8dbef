package dev.baton.engine;

import dev.baton.kv.BlockHash;
import java.util.List;

/** Called about the engine as a whole, on the engine thread: return at once. */
public interface EngineListener {
    /**
     * A step ended: what it gave to the sequences' listeners may go out in one frame. Also called, with no rows, when such
     * listeners were called without a step.
     */
    void stepEnded(StepReport report);

    /** {@link Engine#room} may have another answer. */
    default void roomChanged() {}

    /** The engine broke and ends: all sequences fail, nothing is taken any more. */
    default void died(Throwable cause) {}

    /** Full blocks can be found by content from now on: a whole chain, from its first block. */
    default void cached(List<BlockHash> chain) {}

    /** Cached blocks were given up. */
    default void evicted(List<BlockHash> hashes) {}

    /** Cached blocks whose bytes had changed were found before they were used, and given up. */
    default void dropped(int blocks) {}

    /**
     * Size and duration of one step.
     *
     * @param decodeRows sequences that made a token by decode
     * @param prefillRows prompt tokens computed
     * @param nanos duration of the step
     * @param guesses tokens that were guessed ahead, a row each
     * @param accepted guesses that were the tokens that were drawn
     */
    record StepReport(int decodeRows, int prefillRows, long nanos, int guesses, int accepted) {
        /** Of a step without guesses. */
        public StepReport(int decodeRows, int prefillRows, long nanos) {
            this(decodeRows, prefillRows, nanos, 0, 0);
        }
    }
}
