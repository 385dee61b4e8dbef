package dev.baton.worker;

import dev.baton.protocol.v1.KvSource;
import java.time.Duration;

/**
 * What was found of a sequence that other workers have computed in part or whole.
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
        /** The pool of another worker, fetched by name. */
        PEER,
        /** This worker's own cache. */
        CACHE,
        /** Nothing was found: the prompt is computed again. */
        PREFILL;

        /** Where most came from of what is not cached here. */
        static Rung of(int copied, int fetched, int cached) {
            if (copied == 0 && fetched == 0) {
                return cached > 0 ? CACHE : PREFILL;
            }
            return copied >= fetched ? POOL : PEER;
        }

        KvSource.Rung wire() {
            return switch (this) {
                case POOL -> KvSource.Rung.POOL;
                case PEER -> KvSource.Rung.PEER;
                case CACHE -> KvSource.Rung.CACHE;
                case PREFILL -> KvSource.Rung.PREFILL;
            };
        }
    }

    public Restored {
        if (found < 0 || found > tokens) {
            throw new IllegalArgumentException("%d of %d tokens found".formatted(found, tokens));
        }
    }
}
