package dev.baton.engine.draft;

import dev.baton.engine.schedule.Sequence;

/**
 * The guesses of one sequence: where they come from, how many of them were right, and what it may lose by them. A sequence has a
 * credit, in steps: it begins with a little, each token adds a little, a right guess adds one, and a step's guesses take what
 * their rows cost. Guesses that cost more than the credit are not made, so the loss is bounded however wrong they are. One
 * thread.
 */
public final class Drafting {
    private static final double FIRST_CREDIT = 0.25;
    private static final double MOST_CREDIT = 1;
    private static final double CREDIT_OF_A_TOKEN = 0.015;
    /** Older guesses weigh so much less with each step that guesses. */
    private static final double MEMORY = 0.85;
    /** What guesses must be expected to gain. */
    private static final double PAYS = 1.05;
    /** Guesses of a try where none is expected to pay. */
    private static final int TRY = 3;

    private final PromptLookup lookup = new PromptLookup();
    private double right = 1.5;
    private double wrong = 0.5;
    private double credit = FIRST_CREDIT;

    /** Guesses after the sequence's tokens. */
    int[] guesses(Sequence sequence, int wanted) {
        return lookup.after(sequence::token, sequence.length(), wanted);
    }

    /**
     * How many guesses to make, at most {@code most}; 0 for none.
     *
     * @param rows of the step so far
     */
    int worthwhile(int most, int rows, RowCosts costs) {
        int best = 0;
        double bestGain = PAYS;
        int tries = 0;
        for (int guesses = 1; guesses <= most; guesses++) {
            double slower = costs.slowdown(rows, rows + guesses);
            if (slower - 1 > credit) {
                break;
            }
            double gain = expected(guesses) / slower;
            if (gain > bestGain) {
                best = guesses;
                bestGain = gain;
            }
            tries = Math.min(guesses, TRY);
        }
        return best > 0 ? best : credit >= FIRST_CREDIT ? tries : 0;
    }

    /** Steps that it may still lose by wrong guesses. */
    double credit() {
        return credit;
    }

    /** Tokens of a step with so many guesses. */
    double expected(int guesses) {
        double each = right / (right + wrong);
        double tokens = 1;
        double all = 1;
        for (int i = 0; i < guesses; i++) {
            all *= each;
            tokens += all;
        }
        return tokens;
    }

    /** A step made one token without a guess. */
    public void plain() {
        earn(CREDIT_OF_A_TOKEN);
    }

    /**
     * A step had guesses.
     *
     * @param slower as many times as long as without them
     */
    void guessed(int guesses, int accepted, double slower) {
        right = MEMORY * right + accepted;
        wrong = MEMORY * wrong + (accepted < guesses ? 1 : 0);
        earn(CREDIT_OF_A_TOKEN + accepted - (slower - 1));
    }

    private void earn(double steps) {
        credit = Math.min(MOST_CREDIT, credit + steps);
    }
}
