package dev.baton.control;

import com.google.protobuf.ByteString;
import dev.baton.protocol.TagLimits;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.Structure;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One choice as the workers compute it: token ids, not text.
 *
 * @param requestId random; the first choice's is also the {@code x-request-id}
 * @param tenant id of the tenant that the credential names; never from the body
 * @param prompt never changed
 * @param sampling with its seed set
 * @param stopping with {@code max_tokens} set
 * @param firstTokenBy how long its client waits for the first token, or for the headers of a stream: not after the deadline
 * @param tags what goes to every worker with the request, for people to see
 * @param structure what the text of the answer must be; null for anything
 */
public record GenerationRequest(
        String requestId,
        String tenant,
        String model,
        int[] prompt,
        Sampling sampling,
        Stopping stopping,
        int priority,
        Instant deadline,
        Instant firstTokenBy,
        RequestTags tags,
        @Nullable Structure structure) {
    private static final String SALT = "baton/tenant/";

    public GenerationRequest {
        if (requestId.isEmpty() || model.isEmpty() || prompt.length == 0 || stopping.getMaxTokens() < 1) {
            throw new IllegalArgumentException(
                    "a generation needs a request id, a model, a prompt and max_tokens of 1 or more");
        }
        if (!TagLimits.hold(tags)) {
            throw new IllegalArgumentException("a tag of more than %d bytes".formatted(TagLimits.MOST_BYTES));
        }
    }

    /** Of a client that waits for the first token as long as for the last. */
    public GenerationRequest(
            String requestId,
            String tenant,
            String model,
            int[] prompt,
            Sampling sampling,
            Stopping stopping,
            int priority,
            Instant deadline,
            RequestTags tags,
            @Nullable Structure structure) {
        this(requestId, tenant, model, prompt, sampling, stopping, priority, deadline, deadline, tags, structure);
    }

    public int maxTokens() {
        return stopping.getMaxTokens();
    }

    /** Whether it goes after all that is not for later, of whatever tenant. */
    public boolean later() {
        return priority < 0;
    }

    /** Whether each token of its prompt is scored: an engine computes a block of it in a step, and takes none from a cache. */
    public boolean scored() {
        return sampling.hasPromptLogprobs();
    }

    /** Bytes that keep one tenant's cached blocks from another's. */
    public ByteString tenantSalt() {
        return ByteString.copyFromUtf8(SALT + tenant);
    }

    /** The tenant of a salt that {@link #tenantSalt} made. */
    public static String tenantOf(ByteString salt) {
        String text = salt.toStringUtf8();
        return text.startsWith(SALT) ? text.substring(SALT.length()) : text;
    }

    /**
     * What {@link #toGeneration} made, once more: at a gateway that goes on with it, or of a dead letter.
     *
     * @param deadline by the clock of this gateway
     */
    public static GenerationRequest of(Generation generation, Instant deadline) {
        return new GenerationRequest(
                generation.getRequestId(),
                tenantOf(generation.getTenantSalt()),
                generation.getModel(),
                generation.getPromptList().stream().mapToInt(token -> token).toArray(),
                generation.getSampling(),
                generation.getStopping(),
                generation.getPriority(),
                deadline,
                generation.getTags(),
                generation.hasStructure() ? generation.getStructure() : null);
    }

    /** The message for workers, without what differs from attempt to attempt. Copies the prompt: call it once for all attempts. */
    public Generation toGeneration() {
        Generation.Builder generation = Generation.newBuilder()
                .setRequestId(requestId)
                .setModel(model)
                .setTenantSalt(tenantSalt())
                .setSampling(sampling)
                .setStopping(stopping)
                .setPriority(priority)
                .setTags(tags)
                .setDeadlineMs(deadline.toEpochMilli());
        if (structure != null) {
            generation.setStructure(structure);
        }
        for (int token : prompt) {
            generation.addPrompt(token);
        }
        return generation.build();
    }
}
