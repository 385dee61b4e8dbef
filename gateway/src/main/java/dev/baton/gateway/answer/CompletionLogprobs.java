package dev.baton.gateway.answer;

import dev.baton.gateway.sse.JsonText;
import dev.baton.gateway.sse.LogprobBatch;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.tokenizer.ModelTokenizer;
import java.util.LinkedHashMap;
import java.util.Map;

/** The {@code logprobs} object of the completions endpoint: four arrays side by side. */
final class CompletionLogprobs implements LogprobBatch {
    private final StringBuilder tokens;
    private final StringBuilder logprobs;
    private final StringBuilder tops;
    private final StringBuilder offsets;

    private CompletionLogprobs(String token, float logprob, String top, int offset) {
        this.tokens = new StringBuilder(token);
        this.logprobs = new StringBuilder().append(logprob);
        this.tops = new StringBuilder(top);
        this.offsets = new StringBuilder().append(offset);
    }

    /** @param offset characters of the answer before this token */
    static CompletionLogprobs of(int token, TokenLogprob logprob, ModelTokenizer tokenizer, int offset) {
        String text = tokenizer.tokenText(token);
        float own = ChatLogprobs.finite(logprob.getLogprob());
        Map<String, Float> top = new LinkedHashMap<>();
        for (int i = 0; i < logprob.getTopIdsCount(); i++) {
            top.putIfAbsent(tokenizer.tokenText(logprob.getTopIds(i)), ChatLogprobs.finite(logprob.getTopLogprobs(i)));
        }
        top.putIfAbsent(text, own);
        StringBuilder json = new StringBuilder("{");
        top.forEach((name, value) -> json.append(json.length() > 1 ? "," : "")
                .append(JsonText.quote(name))
                .append(':')
                .append(value));
        return new CompletionLogprobs(
                JsonText.quote(text), own, json.append('}').toString(), offset);
    }

    @Override
    public LogprobBatch plus(LogprobBatch next) {
        CompletionLogprobs more = (CompletionLogprobs) next;
        tokens.append(',').append(more.tokens);
        logprobs.append(',').append(more.logprobs);
        tops.append(',').append(more.tops);
        offsets.append(',').append(more.offsets);
        return this;
    }

    @Override
    public String json() {
        return "{\"tokens\":[" + tokens + "],\"token_logprobs\":[" + logprobs + "],\"top_logprobs\":[" + tops
                + "],\"text_offset\":[" + offsets + "]}";
    }
}
