package dev.baton.engine.schedule;

/**
 * Limits of a scheduler.
 *
 * @param maxSequences sequences that compute, decode or wait for KV at one time
 * @param stepTokens rows of one step: one for each decoding sequence, the rest for prompt tokens
 * @param blockTokens tokens of a KV block
 * @param window tokens that a row sees at most, itself included, 0 for all before it
 */
public record ScheduleSettings(int maxSequences, int stepTokens, int blockTokens, int window) {
    /** Of a model whose rows see all before them. */
    public ScheduleSettings(int maxSequences, int stepTokens, int blockTokens) {
        this(maxSequences, stepTokens, blockTokens, 0);
    }

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
