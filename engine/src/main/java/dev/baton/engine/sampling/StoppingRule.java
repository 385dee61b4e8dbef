package dev.baton.engine.sampling;

import dev.baton.protocol.StopTokens;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Stopping;
import java.util.Optional;
import java.util.Set;

/**
 * When a sequence is over. Prefill asks it of the first token, decode of the later ones, and both of accepted tokens, so
 * all agree.
 *
 * @param stopTokens ids that end the sequence; they come out as its last token
 * @param minTokens generated tokens before which no stop token ends it (nor can be drawn)
 * @param maxTokens generated tokens, accepted ones included
 */
public record StoppingRule(Set<Integer> stopTokens, int minTokens, int maxTokens) {
    public StoppingRule {
        stopTokens = Set.copyOf(stopTokens);
    }

    /**
     * The rule of one request.
     *
     * @param stopping of the request; {@code max_tokens} 0 means as many as the context allows
     * @param endOfSequence the model's own stop tokens, left out with {@code ignore_eos}
     * @param room tokens that the context leaves beside the prompt
     */
    public static StoppingRule of(Stopping stopping, Set<Integer> endOfSequence, int room) {
        StopTokens stops = StopTokens.of(stopping, endOfSequence);
        int max = stopping.getMaxTokens();
        return new StoppingRule(stops.ids(), stops.minTokens(), max <= 0 ? room : Math.min(max, room));
    }

    /**
     * Whether the sequence is over.
     *
     * @param generated tokens generated so far, accepted ones and the last one included
     * @param lastToken the last of them
     */
    public Optional<Finish.Reason> after(int generated, int lastToken) {
        if (new StopTokens(stopTokens, minTokens).endAt(generated, lastToken)) {
            return Optional.of(Finish.Reason.STOP);
        }
        return generated >= maxTokens ? Optional.of(Finish.Reason.LENGTH) : Optional.empty();
    }

    /** Whether stop tokens must not be drawn for the generated token of this index. */
    public boolean forbidsStopAt(int index) {
        return index < minTokens;
    }
}
