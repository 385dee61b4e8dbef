package dev.baton.engine.draft;

/**
 * Whether an engine guesses tokens ahead, and how many. A guess costs a row of the step and changes no token: rows are
 * independent, draws are keyed by the token's index, and a guess counts only where it is the token that was drawn.
 *
 * @param mode when guesses are made
 * @param most guesses of one sequence in one step, 1 to {@link #LIMIT}
 */
public record Speculation(Mode mode, int most) {
    /** More would not be accepted often enough for their rows. */
    public static final int LIMIT = 63;

    public static final Speculation OFF = new Speculation(Mode.OFF, 1);

    /** When guesses are made. */
    public enum Mode {
        OFF,
        /** Where they pay, by the measured cost of rows and by what was accepted of the sequence's guesses so far. */
        AUTO,
        /** Wherever the last tokens have been seen before. */
        ON
    }

    public Speculation {
        if (most < 1 || most > LIMIT) {
            throw new IllegalArgumentException("most = %d: 1 to %d guesses are possible".formatted(most, LIMIT));
        }
    }
}
