package dev.baton.protocol;

import dev.baton.protocol.v1.Stopping;
import java.util.HashSet;
import java.util.Set;

/**
 * The tokens that end one generation: the rule of the engine, which stops there, and of the gateway, which counts such a
 * token and does not show it.
 *
 * @param ids they come out as the last token
 * @param minTokens generated tokens up to which none of them ends it
 */
public record StopTokens(Set<Integer> ids, int minTokens) {
    public StopTokens {
        ids = Set.copyOf(ids);
    }

    /** @param endOfSequence the model's own, left out with {@code ignore_eos} */
    public static StopTokens of(Stopping stopping, Set<Integer> endOfSequence) {
        Set<Integer> ids = new HashSet<>(stopping.getStopTokenIdsList());
        if (!stopping.getIgnoreEos()) {
            ids.addAll(endOfSequence);
        }
        return new StopTokens(ids, stopping.getMinTokens());
    }

    /**
     * Whether the generation ends with this token.
     *
     * @param generated tokens so far, this one included
     */
    public boolean endAt(int generated, int token) {
        return generated > minTokens && ids.contains(token);
    }
}
