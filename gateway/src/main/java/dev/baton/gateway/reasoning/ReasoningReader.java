package dev.baton.gateway.reasoning;

/** Splits an answer, as it comes, into reasoning and what follows it. For one thread at a time. */
public sealed interface ReasoningReader permits TagReader, ChannelReader {
    /** Stands for a token where text comes that was held back. */
    int NO_TOKEN = -1;

    /** Hears both parts in their order. */
    interface Sink {
        /** Never empty. */
        void reasoning(String text);

        /**
         * A piece of the answer.
         *
         * @param token that produced it, {@link #NO_TOKEN} for text that was held back
         * @param piece may be empty
         */
        void answer(int token, String piece);
    }

    /** @param piece the text that is certain after the token */
    void read(int token, String piece);

    /** The answer has ended: what was held back belongs to where it stands. */
    void end(String tail);

    /** Whether what came last belongs to the reasoning, its marks included. */
    boolean reasons();
}
