package dev.baton.engine;

import dev.baton.engine.EngineListener.StepReport;
import dev.baton.engine.LiveSequences.LiveSequence;
import dev.baton.engine.schedule.Phase;
import dev.baton.engine.schedule.StepPlan;
import dev.baton.engine.schedule.StepPlan.Chunk;

/** Counts steps and measures what prompts and answers cost. One thread. */
final class StepMeter {
    /** Weight of the newest step that was mostly prompt, or answers only. */
    private static final double NEWEST = 0.2;

    private static final long LARGEST_COST = 1_000;

    private long steps;
    private int decodeRows;
    private int prefillRows;
    /** A prompt of the step is scored: its rows cost logits, which says nothing of other prompts. */
    private boolean scores;

    private int guesses;
    private int accepted;
    private double prefillTokensPerSecond;
    private double decodeTokensPerSecond;

    void stepStarts(StepPlan<? extends LiveSequence> plan) {
        steps++;
        decodeRows = 0;
        prefillRows = 0;
        guesses = 0;
        accepted = 0;
        scores = plan.chunks().stream().anyMatch(chunk -> chunk.sequence().scoresPrompt());
        for (Chunk<? extends LiveSequence> chunk : plan.chunks()) {
            if (chunk.sequence().phase() == Phase.DECODING) {
                decodeRows++;
                guesses += chunk.drafts().length;
            } else {
                prefillRows += chunk.rows();
            }
        }
    }

    /** Guesses of a sequence were right. */
    void accepted(int more) {
        accepted += more;
    }

    /** Rows of the step, without guesses. */
    int rows() {
        return decodeRows + prefillRows;
    }

    int guesses() {
        return guesses;
    }

    StepReport stepEnded(long nanos) {
        if (prefillRows > decodeRows && !scores && nanos > 0) {
            prefillTokensPerSecond = blended(prefillTokensPerSecond, prefillRows * 1e9 / nanos);
        } else if (prefillRows == 0 && decodeRows > 0 && nanos > 0) {
            decodeTokensPerSecond = blended(decodeTokensPerSecond, (decodeRows + accepted) * 1e9 / nanos);
        }
        return new StepReport(decodeRows, prefillRows, nanos, guesses, accepted);
    }

    private static double blended(double known, double newest) {
        return known == 0 ? newest : NEWEST * newest + (1 - NEWEST) * known;
    }

    String describeStep() {
        return "step %d (%d decode rows, %d prompt rows)".formatted(steps, decodeRows, prefillRows);
    }

    long steps() {
        return steps;
    }

    /** Tokens of a prompt that take as long as one of an answer at the batches of late, 1 until both are known. */
    long tokenCost() {
        return decodeTokensPerSecond == 0 || prefillTokensPerSecond == 0
                ? 1
                : Math.clamp(Math.round(prefillTokensPerSecond / decodeTokensPerSecond), 1, LARGEST_COST);
    }

    double prefillTokensPerSecond() {
        return prefillTokensPerSecond;
    }

    double decodeTokensPerSecond() {
        return decodeTokensPerSecond;
    }
}
