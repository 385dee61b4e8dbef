package dev.baton.gateway.answer;

/** Tokens of one answer. A prompt counts once however many choices it has. */
public record Usage(int promptTokens, int cachedTokens, int completionTokens) {
    public String json() {
        return "{\"prompt_tokens\":" + promptTokens + ",\"completion_tokens\":" + completionTokens
                + ",\"total_tokens\":" + (promptTokens + completionTokens)
                + ",\"prompt_tokens_details\":{\"cached_tokens\":" + cachedTokens + "}}";
    }
}
