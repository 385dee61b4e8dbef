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
        boolean scored = scores.size() == prompt.length - 1 && !scores.isEmpty();
        TextStream stream = tokenizer.textStream(false, false);
        StringBuilder piece = new StringBuilder();
        Logprobs batch = null;
        int characters = 0;
        for (int i = 0; i < prompt.length; i++) {
            if (scored) {
                int offset = Math.max(0, characters - echo.added());
                Logprobs next =
                        i == 0 ? Logprobs.first(prompt[0], offset) : Logprobs.of(prompt[i], scores.get(i - 1), offset);
                if (batch == null) {
                    batch = next;
                } else {
                    batch.add(next);
                }
            }
            characters += append(stream.push(prompt[i]), characters, piece);
            if (EventStream.bytes(piece.length(), batch) >= PIECE) {
                if (!sink.take(piece.toString(), batch)) {
                    return;
                }
                piece.setLength(0);
                batch = null;
            }
        }
        append(stream.flush(), characters, piece);
        if (batch != null || !piece.isEmpty()) {
            sink.take(piece.toString(), batch);
        }
    }

    /** Leaves out what was added; gives the length with it. */
    private int append(String text, int before, StringBuilder piece) {
        piece.append(text, Math.clamp((long) echo.added() - before, 0, text.length()), text.length());
        return text.length();
    }
}
