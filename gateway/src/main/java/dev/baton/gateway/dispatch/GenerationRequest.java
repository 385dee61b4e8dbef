package dev.baton.gateway.dispatch;

import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import java.time.Instant;

/**
 * A request ready to run: tokens, not text.
 *
 * @param requestId random, also the {@code x-request-id}
 * @param tenant id of the tenant that the credential names; never from the body
 * @param sampling with its seed set
 * @param stopping {@code max_tokens} 0 means as many as the context holds
 */
public record GenerationRequest(
        String requestId,
        String tenant,
        String model,
        int[] prompt,
        Sampling sampling,
        Stopping stopping,
        int priority,
        Instant deadline) {
    public GenerationRequest {
        if (requestId.isEmpty() || model.isEmpty() || prompt.length == 0) {
            throw new IllegalArgumentException("a submission needs a request id, a model and a prompt");
        }
    }
}
