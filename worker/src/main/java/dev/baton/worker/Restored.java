package dev.baton.worker;

import java.time.Duration;

/**
 * What was found of a sequence that another worker has begun.
 *
 * @param tokens known of the sequence: prompt and accepted ones
 * @param found of these, whose KV is in place; at most all but the last, whose row is computed for its logits
 * @param duration of looking and copying
 */
public record Restored(Rung rung, int tokens, int found, Duration duration) {
    /** Where most of it came from. */
    public enum Rung {
        /** Another pool of this host: that of the worker that died, or of one that lives. */
        POOL,
        /** This worker's own cache. */
        CACHE,
        /** Nothing was found: the prompt is computed again. */
        PREFILL
    }

    public Restored {
        if (found < 0 || found > tokens) {
            throw new IllegalArgumentException("%d of %d tokens found".formatted(found, tokens));
        }
    }
}
