package dev.baton.gateway.sse;

import dev.baton.gateway.logprobs.Logprobs;
import org.jspecify.annotations.Nullable;

/** Takes the text of one answer's choices. Any thread may call, several at once for different choices. */
public interface TextSink {
    /** @param text unescaped; may be empty when {@code logprobs} is there */
    void text(int choice, String text, @Nullable Logprobs logprobs);

    /** The choice has no more text. */
    void finish(int choice, String reason);
}
