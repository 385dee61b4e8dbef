package dev.baton.gateway.answer;

import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.sse.EventStream;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.tokenizer.ModelTokenizer;
import dev.baton.tokenizer.TextStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Says a prompt before its answer, in pieces, with the log-probabilities of its tokens where they are there. */
final class EchoedPrompt {
    private static final int PIECE = 4 * 1024;

    private final Echo echo;
    private final int[] prompt;
    private final ModelTokenizer tokenizer;

    /** Takes the pieces; false when no more are wanted. */
    interface Sink {
        boolean take(String text, @Nullable Logprobs logprobs);
    }

    EchoedPrompt(Echo echo, int[] prompt, ModelTokenizer tokenizer) {
        this.echo = echo;
        this.prompt = prompt;
        this.tokenizer = tokenizer;
    }

    /** @param scores of the prompt's tokens but the first; empty where nobody asked for them */
    void sayTo(Sink sink, List<TokenLogprob> scores) {
        if (scores.size() == prompt.length - 1 && !scores.isEmpty()) {
            scored(sink, scores);
            return;
        }
        String text = echo.text();
        boolean wanted = true;
        for (int at = 0; at < text.length() && wanted; ) {
            int end = Math.min(text.length(), at + PIECE);
            end += end < text.length() && Character.isHighSurrogate(text.charAt(end - 1)) ? 1 : 0;
            wanted = sink.take(text.substring(at, end), null);
            at = end;
        }
    }

    private void scored(Sink sink, List<TokenLogprob> scores) {
        TextStream stream = tokenizer.textStream(false, false);
        StringBuilder piece = new StringBuilder();
        Logprobs batch = null;
        int characters = 0;
        int said = 0;
        for (int i = 0; i < prompt.length; i++) {
            int offset = Math.max(0, characters - echo.added());
            Logprobs next =
                    i == 0 ? Logprobs.first(prompt[0], offset) : Logprobs.of(prompt[i], scores.get(i - 1), offset);
            if (batch == null) {
                batch = next;
            } else {
                batch.add(next);
            }
            characters += stream.push(prompt[i]).length();
            int to = Math.clamp(
                    characters - (long) echo.added(), said, echo.text().length());
            piece.append(echo.text(), said, to);
            said = to;
            if (EventStream.bytes(piece.length(), batch) >= PIECE) {
                if (!sink.take(piece.toString(), batch)) {
                    return;
                }
                piece.setLength(0);
                batch = null;
            }
        }
        piece.append(echo.text(), said, echo.text().length());
        if (batch != null || !piece.isEmpty()) {
            sink.take(piece.toString(), batch);
        }
    }
}
