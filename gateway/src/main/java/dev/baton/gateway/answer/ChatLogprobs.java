package dev.baton.gateway.answer;

import dev.baton.gateway.sse.JsonText;
import dev.baton.gateway.sse.LogprobBatch;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.tokenizer.ModelTokenizer;

/** The {@code logprobs} object of the chat endpoint. */
final class ChatLogprobs implements LogprobBatch {
    private final StringBuilder entries;

    private ChatLogprobs(StringBuilder entries) {
        this.entries = entries;
    }

    static ChatLogprobs of(int token, TokenLogprob logprob, ModelTokenizer tokenizer) {
        StringBuilder out = new StringBuilder(160).append('{');
        token(token, logprob.getLogprob(), tokenizer, out);
        out.append(",\"top_logprobs\":[");
        for (int i = 0; i < logprob.getTopIdsCount(); i++) {
            out.append(i == 0 ? "{" : ",{");
            token(logprob.getTopIds(i), logprob.getTopLogprobs(i), tokenizer, out);
            out.append('}');
        }
        return new ChatLogprobs(out.append("]}"));
    }

    private static void token(int token, float logprob, ModelTokenizer tokenizer, StringBuilder out) {
        out.append("\"token\":\"");
        JsonText.escape(tokenizer.tokenText(token), out);
        out.append("\",\"logprob\":").append(finite(logprob)).append(",\"bytes\":[");
        byte[] bytes = tokenizer.tokenBytes(token);
        for (int i = 0; i < bytes.length; i++) {
            out.append(i == 0 ? "" : ",").append(bytes[i] & 0xff);
        }
        out.append(']');
    }

    /** JSON has no infinity; clients know -9999 as "impossible". */
    static float finite(float logprob) {
        return Float.isFinite(logprob) ? logprob : -9999f;
    }

    @Override
    public LogprobBatch plus(LogprobBatch next) {
        return new ChatLogprobs(entries.append(',').append(((ChatLogprobs) next).entries));
    }

    @Override
    public String json() {
        return "{\"content\":[" + entries + "],\"refusal\":null}";
    }
}
