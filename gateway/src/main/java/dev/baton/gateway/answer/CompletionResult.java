package dev.baton.gateway.answer;

import dev.baton.gateway.sse.LogprobBatch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An answer that is sent whole. */
public record CompletionResult(List<Choice> choices, Usage usage) {
    /** @param logprobs JSON, null when not asked for */
    public record Choice(
            String text, String finishReason, @Nullable String logprobs) {}

    public CompletionResult {
        choices = List.copyOf(choices);
    }

    static CompletionResult of(Part[] parts, Usage usage) {
        List<Choice> choices = new ArrayList<>(parts.length);
        for (Part part : parts) {
            choices.add(part.choice());
        }
        return new CompletionResult(choices, usage);
    }

    /** A choice in the making; one thread at a time. */
    static final class Part {
        private final StringBuilder text = new StringBuilder();
        private @Nullable LogprobBatch logprobs;
        private String reason = "stop";

        void add(String piece, @Nullable LogprobBatch batch) {
            text.append(piece);
            if (batch != null) {
                logprobs = logprobs == null ? batch : logprobs.plus(batch);
            }
        }

        void finish(String finishReason) {
            reason = finishReason;
        }

        private Choice choice() {
            return new Choice(text.toString(), reason, logprobs == null ? null : logprobs.json());
        }
    }
}
