package dev.baton.gateway.answer;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * Tokens of one answer. A prompt counts once however many choices it has.
 *
 * @param reasoningTokens of the completion's, marks included; null for a model that does not reason
 */
public record Usage(
        int promptTokens,
        int cachedTokens,
        int completionTokens,
        @Nullable Integer reasoningTokens) {
    /** The {@code usage} object. */
    public record Json(
            int promptTokens,
            int completionTokens,
            int totalTokens,
            PromptTokensDetails promptTokensDetails,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            CompletionTokensDetails completionTokensDetails) {}

    /** @param cachedTokens found in a prefix cache */
    public record PromptTokensDetails(int cachedTokens) {}

    public record CompletionTokensDetails(int reasoningTokens) {}

    /** The {@code usage} object of a response. */
    public record ResponseUsage(
            int inputTokens,
            InputTokensDetails inputTokensDetails,
            int outputTokens,
            CompletionTokensDetails outputTokensDetails,
            int totalTokens) {}

    /** @param cacheWriteTokens that cost more since they were cached: none do */
    public record InputTokensDetails(int cachedTokens, int cacheWriteTokens) {}

    public ResponseUsage ofResponse() {
        return new ResponseUsage(
                promptTokens,
                new InputTokensDetails(cachedTokens, 0),
                completionTokens,
                new CompletionTokensDetails(reasoningTokens == null ? 0 : reasoningTokens),
                promptTokens + completionTokens);
    }

    public Json json() {
        return new Json(
                promptTokens,
                completionTokens,
                promptTokens + completionTokens,
                new PromptTokensDetails(cachedTokens),
                reasoningTokens == null ? null : new CompletionTokensDetails(reasoningTokens));
    }
}
