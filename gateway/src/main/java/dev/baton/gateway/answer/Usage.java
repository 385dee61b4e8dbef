package dev.baton.gateway.answer;

/** Tokens of one answer. A prompt counts once however many choices it has. */
public record Usage(int promptTokens, int cachedTokens, int completionTokens) {
    /** The {@code usage} object. */
    public record Json(
            int promptTokens, int completionTokens, int totalTokens, PromptTokensDetails promptTokensDetails) {}

    /** @param cachedTokens found in a prefix cache */
    public record PromptTokensDetails(int cachedTokens) {}

    public Json json() {
        return new Json(
                promptTokens, completionTokens, promptTokens + completionTokens, new PromptTokensDetails(cachedTokens));
    }
}
