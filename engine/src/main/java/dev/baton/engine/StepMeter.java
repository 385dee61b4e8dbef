package dev.baton.engine;

import dev.baton.engine.EngineListener.StepReport;
import dev.baton.engine.LiveSequences.LiveSequence;
import dev.baton.engine.schedule.Phase;
import dev.baton.engine.schedule.StepPlan;
import dev.baton.engine.schedule.StepPlan.Chunk;

/** Counts steps and measures how fast prompts are computed. One thread. */
final class StepMeter {
    /** Weight of the newest step that was mostly prompt. */
    private static final double NEWEST = 0.2;

    private long steps;
    private int decodeRows;
    private int prefillRows;
    private int guesses;
    private int accepted;
    private double prefillTokensPerSecond;

    void stepStarts(StepPlan<? extends LiveSequence> plan) {
        steps++;
        decodeRows = 0;
        prefillRows = 0;
        guesses = 0;
        accepted = 0;
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
        if (prefillRows > decodeRows && nanos > 0) {
            double rate = prefillRows * 1e9 / nanos;
            prefillTokensPerSecond =
                    prefillTokensPerSecond == 0 ? rate : NEWEST * rate + (1 - NEWEST) * prefillTokensPerSecond;
        }
        return new StepReport(decodeRows, prefillRows, nanos, guesses, accepted);
    }

    String describeStep() {
        return "step %d (%d decode rows, %d prompt rows)".formatted(steps, decodeRows, prefillRows);
    }

    long steps() {
        return steps;
    }

    double prefillTokensPerSecond() {
        return prefillTokensPerSecond;
    }
}
