package dev.baton.control.admission;

import java.util.OptionalInt;

/**
 * How many tokens a context leaves for an answer: one rule for the edge, which knows the model, and for dispatch, which
 * knows the workers that live.
 *
 * @param context tokens of prompt and answer together
 */
public record ContextRoom(int context) {
    /**
     * The most tokens of an answer; empty when it does not fit behind the prompt.
     *
     * @param wanted 0 = as many as fit
     */
    public OptionalInt answer(int promptTokens, int wanted) {
        int room = context - promptTokens;
        if (room < 1 || wanted > room) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(wanted == 0 ? room : wanted);
    }
}
