package dev.baton.gateway.dispatch;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import org.jspecify.annotations.Nullable;

/** Receives the accepted tokens of one generation: in order, each once, one call at a time. Must not block. */
public interface TokenSink {
    /** Not let in, or no first attempt could be made; the only call, and the last. */
    void rejected(Rejection rejection);

    /** A worker has claimed the request: from here on the answer is 200. */
    default void admitted() {}

    /** How many prompt tokens were found in a prefix cache; at most once, before the first token; no call means none. */
    default void cached(int tokens) {}

    void token(int index, int token, @Nullable TokenLogprob logprob);

    void finished(Finish.Reason reason);

    void failed(Failure failure);
}
