package dev.baton.engine;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import org.jspecify.annotations.Nullable;

/** Called about one sequence, on the engine thread: return at once. After {@code finished} or {@code failed} nothing follows. */
public interface SequenceListener {
    /**
     * It waits for blocks: called now and then.
     *
     * @param ahead sequences that are thought to get theirs before
     */
    default void waits(int ahead) {}

    /** Of its known tokens so many are computed or were found, and more are to come: called now and then. */
    default void computed(int tokens) {}

    /** PREFILL*: the first chunk begins. {@code blocks} hold all tokens in order; the first {@code cachedTokens} are done. */
    default void prefillStarted(int[] blocks, int cachedTokens) {}

    /** PREFILL, PREFILL_REST: the chunk that ends the prompt begins. */
    default void lastChunkStarted() {}

    /** PREFILL*: one layer of tokens {@code [from, to)} is computed and readable in the sequence's blocks. */
    default void layerComputed(int layer, int fromToken, int toToken) {}

    /**
     * DECODE, PREFILL_REST: {@code blocks} are for all tokens in order. KV of the first {@code cachedTokens}, whole blocks, is there
     * and must not be written; the rest are set aside for KV to come.
     */
    default void reserved(int[] blocks, int cachedTokens) {}

    /** DECODE: the sequence joined the running batch. */
    default void decodeStarted() {}

    /** A token was made. {@code index} counts generated tokens from 0, accepted ones included. */
    void token(int index, int token, @Nullable TokenLogprob logprob);

    void finished(Finish.Reason reason);

    /**
     * The sequence ended without finishing. A PREFILL may end so after its token: when it is cancelled while its
     * blocks are held, or when they are not released in time. One that had blocks reserved must still be released once
     * nothing writes into them.
     */
    void failed(Failure failure);
}
