package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.logprobs.Logprobs;
import org.jspecify.annotations.Nullable;

/** Takes the text of a request's choices. Any thread may call, several at once for different choices. */
interface CompletionSink {
    /** Every choice has a worker: from here on the status is 200. */
    void admitted();

    /** @param text may be empty when {@code logprobs} is there */
    void text(int choice, String text, @Nullable Logprobs logprobs);

    void finished(int choice, String reason);

    /**
     * All choices have finished; nothing comes after.
     *
     * @param timing of the first choice
     */
    void done(Usage usage, TtftBreakdown timing);

    /** Some choice cannot go on and all were stopped; nothing comes after. */
    void failed(ApiError error);

    /** The request was ended to make room. All that is held for it is dropped, also after {@code done}. */
    void evicted(ApiError error);
}
