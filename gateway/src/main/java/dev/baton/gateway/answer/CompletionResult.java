package dev.baton.gateway.answer;

import dev.baton.gateway.json.JsonPart;
import dev.baton.gateway.logprobs.LogprobFormat;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.toolcalls.CallPiece;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An answer that is sent whole. */
public record CompletionResult(List<Choice> choices, Usage usage) {
    /** @param arguments JSON text */
    public record Call(String id, String name, CharSequence arguments) {}

    /**
     * One answer.
     *
     * @param reasoning what was thought before it; empty for nothing
     * @param logprobs the object of the endpoint, to be written once; null when not asked for
     */
    public record Choice(
            CharSequence reasoning,
            CharSequence text,
            List<Call> calls,
            String finishReason,
            @Nullable JsonPart logprobs) {
        public Choice {
            calls = List.copyOf(calls);
        }
    }

    public CompletionResult {
        choices = List.copyOf(choices);
    }

    /** Collects an answer. */
    static final class Collector implements ChoiceGroup.TextSink {
        private final LogprobFormat format;
        private final List<Part> parts;

        Collector(int choices, LogprobFormat format) {
            this.format = format;
            this.parts = Stream.generate(Part::new).limit(choices).toList();
        }

        @Override
        public void text(int choice, int token, String text, @Nullable Logprobs logprobs) {
            parts.get(choice).add(text, logprobs);
        }

        @Override
        public void call(int choice, int token, CallPiece piece) {
            parts.get(choice).add(piece);
        }

        @Override
        public void reasoning(int choice, int token, String text) {
            parts.get(choice).reasoning.append(text);
        }

        void finish(int choice, String reason) {
            parts.get(choice).finish(reason);
        }

        CompletionResult result(Usage usage) {
            return new CompletionResult(
                    parts.stream().map(part -> part.choice(format)).toList(), usage);
        }
    }

    /** A choice in the making; one thread at a time. */
    private static final class Part {
        /** Log probabilities are kept in pieces of about this many bytes, so that growing never copies much. */
        private static final long PIECE = 32 * 1024;

        private final StringBuilder reasoning = new StringBuilder();
        private final StringBuilder text = new StringBuilder();
        private final List<Logprobs> logprobs = new ArrayList<>();
        private final List<CallPiece> starts = new ArrayList<>();
        private final List<StringBuilder> arguments = new ArrayList<>();
        private String reason = "stop";

        void add(String piece, @Nullable Logprobs batch) {
            text.append(piece);
            if (batch == null) {
                return;
            }
            if (logprobs.isEmpty() || logprobs.getLast().bytes() >= PIECE) {
                logprobs.add(batch);
            } else {
                logprobs.getLast().add(batch);
            }
        }

        void add(CallPiece piece) {
            if (piece.first()) {
                starts.add(piece);
                arguments.add(new StringBuilder());
            }
            arguments.getLast().append(piece.arguments());
        }

        void finish(String finishReason) {
            reason = finishReason;
        }

        private Choice choice(LogprobFormat format) {
            List<Call> calls = new ArrayList<>();
            for (int i = 0; i < starts.size(); i++) {
                calls.add(new Call(starts.get(i).id(), starts.get(i).name(), arguments.get(i)));
            }
            return new Choice(reasoning, text, calls, reason, logprobs.isEmpty() ? null : format.json(logprobs));
        }
    }
}
