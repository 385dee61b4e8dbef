package dev.baton.protocol;

import dev.baton.protocol.v1.Generation;

/** The tokens of a generation that are known before it is computed: its prompt, then those accepted after it. */
public final class KnownTokens {
    private KnownTokens() {}

    public static int count(Generation generation) {
        return generation.getPromptCount() + generation.getAcceptedCount();
    }

    /** Token ids in order, the caller's own copy. */
    public static int[] of(Generation generation) {
        int prompt = generation.getPromptCount();
        int[] tokens = new int[count(generation)];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = i < prompt ? generation.getPrompt(i) : generation.getAccepted(i - prompt);
        }
        return tokens;
    }
}
