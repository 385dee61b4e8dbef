package dev.baton.engine.schedule;

/**
 * Limits of a scheduler.
 *
 * @param maxSequences sequences that compute, decode or wait for KV at one time
 * @param stepTokens rows of one step: one for each decoding sequence, the rest for prompt tokens
 * @param blockTokens tokens of a KV block
 */
public record ScheduleSettings(int maxSequences, int stepTokens, int blockTokens) {
    public ScheduleSettings {
        if (maxSequences < 1 || blockTokens < 1) {
            throw new IllegalArgumentException(
                    "maxSequences = %d, blockTokens = %d: both must be positive".formatted(maxSequences, blockTokens));
        }
        if (stepTokens < maxSequences + blockTokens) {
            throw new IllegalArgumentException(
                    "stepTokens = %d: must be at least maxSequences + blockTokens = %d, so that a full batch leaves room for a block of prompt"
                            .formatted(stepTokens, maxSequences + blockTokens));
        }
    }
}
