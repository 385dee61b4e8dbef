package dev.baton.engine.sampling;

import dev.baton.protocol.v1.Generation;
import java.util.Set;

/** All that decides the next token of one sequence beside its logits. */
public record SequenceSampling(SamplingParameters parameters, StoppingRule stopping, TokenCounts counts) {
    /**
     * As a request asks for it.
     *
     * @param known tokens of the prompt, then those accepted after it
     * @param endOfSequence the model's own stop tokens
     * @param maxContext tokens that the model holds
     * @throws IllegalArgumentException that names the field, when one is out of range
     */
    public static SequenceSampling of(Generation generation, int[] known, Set<Integer> endOfSequence, int maxContext) {
        int prompt = generation.getPromptCount();
        return new SequenceSampling(
                SamplingParameters.of(generation.getSampling()),
                StoppingRule.of(generation.getStopping(), endOfSequence, maxContext - prompt),
                new TokenCounts(known, prompt));
    }
}
