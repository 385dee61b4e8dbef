package dev.baton.engine;

import dev.baton.engine.draft.Speculation;
import dev.baton.engine.schedule.Goal;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/**
 * Limits of an engine.
 *
 * @param role which work it takes
 * @param maxSequences sequences that compute, decode or wait for KV at one time
 * @param stepTokens rows of one step, at least {@code maxSequences} plus a block: each running answer takes one, prompts
 *     share the rest
 * @param queueCapacity admissions that may wait to be looked at
 * @param patience times after which the engine gives up by itself
 * @param speculation guesses of tokens, in rows that a step has left
 */
public record EngineSettings(
        Role role, int maxSequences, int stepTokens, int queueCapacity, Patience patience, Speculation speculation) {
    /** Without guesses. */
    public EngineSettings(Role role, int maxSequences, int stepTokens, int queueCapacity, Patience patience) {
        this(role, maxSequences, stepTokens, queueCapacity, patience, Speculation.OFF);
    }

    /** The goals that an engine takes. */
    public enum Role {
        PREFILL(Set.of(Goal.PREFILL, Goal.PREFILL_REST)),
        /** Also computes prompts itself when asked to, in small chunks beside its running answers. */
        DECODE(Set.of(Goal.DECODE, Goal.PREFILL_AND_DECODE)),
        BOTH(EnumSet.allOf(Goal.class));

        private final Set<Goal> takes;

        Role(Set<Goal> takes) {
            this.takes = takes;
        }

        boolean takes(Goal work) {
            return takes.contains(work);
        }
    }

    /**
     * Times after which the engine gives up by itself.
     *
     * @param deadlineSlack added to every deadline: how far the gateway's clock may be ahead
     * @param hold how long computed blocks wait for Release
     * @param keep how long the blocks of a prompt that was handed over are evicted last: its answer is being made elsewhere
     */
    public record Patience(Duration deadlineSlack, Duration hold, Duration keep) {
        public static final Patience DEFAULT =
                new Patience(Duration.ofMillis(500), Duration.ofMinutes(2), Duration.ofMinutes(5));

        public Patience {
            if (deadlineSlack.isNegative() || !hold.isPositive() || keep.isNegative()) {
                throw new IllegalArgumentException(
                        "deadlineSlack = %s and keep = %s must not be negative, hold = %s must be positive"
                                .formatted(deadlineSlack, keep, hold));
            }
        }
    }

    public EngineSettings {
        if (maxSequences < 1 || queueCapacity < 1) {
            throw new IllegalArgumentException("maxSequences = %d, queueCapacity = %d: both must be positive"
                    .formatted(maxSequences, queueCapacity));
        }
    }

    /** Big chunks, few sequences. A GPU takes larger ones: it waits for launches, which a chunk pays once. */
    public static EngineSettings prefill(Device device) {
        int stepTokens = switch (device) {
            case CPU -> 512;
            case CUDA -> 4_096;
        };
        return new EngineSettings(Role.PREFILL, 16, stepTokens, 4_096, Patience.DEFAULT);
    }

    /** The same with other guesses. */
    public EngineSettings with(Speculation other) {
        return new EngineSettings(role, maxSequences, stepTokens, queueCapacity, patience, other);
    }

    /** Many sequences, small steps. */
    public static EngineSettings decode() {
        return new EngineSettings(Role.DECODE, 64, 192, 4_096, Patience.DEFAULT);
    }
}
