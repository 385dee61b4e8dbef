package dev.baton.engine.sampling;

/**
 * What restricts the tokens of one sequence. Its state is a function of the generated tokens alone, so a sequence that goes
 * on elsewhere goes on under the same restriction. Used by the engine's thread.
 */
public interface TokenConstraint {
    /**
     * The tokens that may come next, lowest id in the lowest bit of the first word; those beyond the last word may not. It
     * stays the constraint's own.
     *
     * @throws ConstraintException when that cannot be said
     */
    long[] allowed();

    /** The sequence may end here: stop tokens may come. */
    boolean complete();

    /**
     * A token that stops nothing was generated.
     *
     * @throws ConstraintException when it could not come here
     */
    void accept(int token);
}
