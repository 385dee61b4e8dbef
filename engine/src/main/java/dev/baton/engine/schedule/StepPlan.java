package dev.baton.engine.schedule;

import java.util.List;

/**
 * What the next step computes, and which sequences got or lost blocks for it.
 *
 * @param chunks at most one per sequence; decoding sequences first
 * @param started got their first blocks just now, for the first time or again
 * @param reserved got blocks for KV that another worker writes
 * @param preempted lost their blocks and wait to be computed again
 * @param stuck cannot go on: the whole pool would not hold their next token
 */
public record StepPlan<S extends Sequence>(
        List<Chunk<S>> chunks, List<S> started, List<S> reserved, List<S> preempted, List<S> stuck) {
    public boolean isEmpty() {
        return chunks.isEmpty();
    }

    /** Sequences gave their blocks back and nothing else came of it: another plan may find a use for them. */
    public boolean onlyPreempts() {
        return isEmpty() && !preempted.isEmpty() && started.isEmpty() && reserved.isEmpty() && stuck.isEmpty();
    }

    /** Rows of all chunks. */
    int rows() {
        return chunks.stream().mapToInt(Chunk::rows).sum();
    }

    /**
     * Tokens {@code [from, to)} of one sequence.
     *
     * @param last whether they end what is known, so that the next token can be sampled
     * @param drafts guesses of the tokens after them, a row each: whether their KV counts is known when tokens are drawn
     */
    public record Chunk<S extends Sequence>(S sequence, int from, int to, boolean last, int[] drafts) {
        private static final int[] NO_DRAFTS = {};

        public Chunk(S sequence, int from, int to, boolean last) {
            this(sequence, from, to, last, NO_DRAFTS);
        }

        public Chunk<S> with(int[] guesses) {
            return new Chunk<>(sequence, from, to, last, guesses);
        }

        /** Of guesses too. */
        public int rows() {
            return to - from + drafts.length;
        }
    }
}
