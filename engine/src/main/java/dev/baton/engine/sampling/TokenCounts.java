package dev.baton.engine.sampling;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Which tokens one sequence has seen, for the penalties: those of the prompt, and how often each was generated. */
public final class TokenCounts {
    private final Set<Integer> prompt = new HashSet<>();
    private final Map<Integer, Integer> generated = new HashMap<>();

    public TokenCounts(Collection<Integer> prompt) {
        this.prompt.addAll(prompt);
    }

    /** A token was generated, or accepted from an earlier attempt. */
    public void add(int token) {
        generated.merge(token, 1, Integer::sum);
    }

    Set<Integer> prompt() {
        return prompt;
    }

    Map<Integer, Integer> generated() {
        return generated;
    }
}
