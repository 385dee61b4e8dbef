package dev.baton.engine.sampling;

import dev.baton.protocol.v1.Generation;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All that decides the next token of one sequence beside its logits.
 *
 * @param constraint null where any token may come
 */
public record SequenceSampling(
        SamplingParameters parameters,
        StoppingRule stopping,
        TokenCounts counts,
        @Nullable TokenConstraint constraint) {
    /** Without a constraint. */
    public SequenceSampling(SamplingParameters parameters, StoppingRule stopping, TokenCounts counts) {
        this(parameters, stopping, counts, null);
    }

    /**
     * As a request asks for it.
     *
     * @param known tokens of the prompt, then those accepted after it
     * @param endOfSequence the model's own stop tokens
     * @param maxContext tokens that the model holds
     * @param constraint at the answer's start: the accepted tokens are replayed here
     * @throws IllegalArgumentException that names the field, when one is out of range
     * @throws ConstraintException when the accepted tokens break the constraint
     */
    public static SequenceSampling of(
            Generation generation,
            int[] known,
            Set<Integer> endOfSequence,
            int maxContext,
            @Nullable TokenConstraint constraint) {
        int prompt = generation.getPromptCount();
        SequenceSampling sampling = new SequenceSampling(
                SamplingParameters.of(generation.getSampling()),
                StoppingRule.of(generation.getStopping(), endOfSequence, maxContext - prompt),
                new TokenCounts(known, prompt),
                constraint);
        for (int i = prompt; i < known.length; i++) {
            sampling.restrictAfter(known[i]);
        }
        return sampling;
    }

    /** A token was generated. */
    public void add(int token) {
        counts.add(token);
        restrictAfter(token);
    }

    private void restrictAfter(int token) {
        if (constraint != null && !stopping.stopTokens().contains(token)) {
            constraint.accept(token);
        }
    }
}
