package dev.baton.engine.simulated;

import java.time.Duration;

/**
 * Duration of a step: a line fitted to measured steps.
 *
 * @param step of every step, whatever it holds: reading the weights
 * @param row of each row
 * @param context of each thousand tokens of context that a row looks at
 */
public record StepCost(Duration step, Duration row, Duration context) {
    public static final StepCost NONE = new StepCost(Duration.ZERO, Duration.ZERO, Duration.ZERO);

    public StepCost {
        if (step.isNegative() || row.isNegative() || context.isNegative()) {
            throw new IllegalArgumentException(
                    "step = %s, row = %s, context = %s: none may be negative".formatted(step, row, context));
        }
    }

    long nanos(long rows, long contextTokens) {
        return step.toNanos() + rows * row.toNanos() + contextTokens * context.toNanos() / 1_000;
    }
}
