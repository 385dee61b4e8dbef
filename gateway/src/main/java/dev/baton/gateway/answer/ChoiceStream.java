package dev.baton.gateway.answer;

import dev.baton.control.GenerationRequest;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.Dispatcher.RequestHandle;
import dev.baton.gateway.dispatch.Dispatcher.TokenSink;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.reasoning.ReasoningFormat;
import dev.baton.gateway.reasoning.ReasoningReader;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.gateway.sse.EventStream;
import dev.baton.gateway.toolcalls.CallPiece;
import dev.baton.gateway.toolcalls.ToolCallReader;
import dev.baton.gateway.toolcalls.ToolFormat;
import dev.baton.protocol.StopTokens;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.tokenizer.TextStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One choice: makes text of its tokens and cuts it at the first stop string. The dispatcher calls it one call at a time;
 * {@link #start}, {@link #cancel} and the getters may be called by any thread.
 */
final class ChoiceStream implements TokenSink {
    /** Log probabilities wait for the text of their tokens up to this many bytes. */
    private static final long MOST_PENDING = 4 * 1024;

    private final int index;
    private final ChoiceGroup group;
    private final TextStream text;
    private final StopStrings stops;
    private final Shape shape;
    private final GenerationRequest request;
    private final StopTokens stopTokens;
    private final RequestHandle handle;
    private final @Nullable ToolCallReader calls;
    private final @Nullable ReasoningReader reasoning;
    private @Nullable Logprobs pending;
    private int characters;
    private boolean admitted;
    private boolean ended;
    private volatile int generated;
    private volatile int cached;
    private volatile int reasoned;

    ChoiceStream(int index, PreparedRequest prepared, ChoiceGroup group, ServedModel model, Dispatcher dispatcher) {
        this.index = index;
        this.group = group;
        this.text = model.tokenizer().textStream();
        this.stops = new StopStrings(prepared.stops());
        this.shape = prepared.shape();
        this.request = prepared.generations().get(index);
        this.stopTokens = StopTokens.of(request.stopping(), model.stopTokens());
        ToolFormat tools = prepared.tools();
        this.calls = tools == null
                ? null
                : new ToolCallReader(tools, tools.tokenIds(model.tokenizer()), new Parts(tools.idLength()));
        ReasoningFormat thoughts = prepared.reasoning();
        this.reasoning = thoughts == null ? null : thoughts.reader(model.tokenizer(), new Thoughts());
        this.handle = dispatcher.prepare(request, this);
    }

    int generated() {
        return generated;
    }

    int cached() {
        return cached;
    }

    /** Tokens of reasoning, which come before all others. */
    int reasoning() {
        return reasoned;
    }

    void start() {
        handle.start();
    }

    void cancel() {
        handle.cancel();
    }

    TtftBreakdown timing() {
        return handle.timing();
    }

    @Override
    public Duration spentBefore() {
        return group.elapsed();
    }

    @Override
    public void rejected(Rejection rejection) {
        if (!ended) {
            ended = true;
            group.choiceFailed(ApiErrors.of(rejection, request, shape));
        }
    }

    @Override
    public void admitted() {
        if (!admitted) {
            admitted = true;
            group.choiceAdmitted();
        }
    }

    @Override
    public void cached(int tokens) {
        cached = tokens;
    }

    @Override
    public void token(int position, int token, @Nullable TokenLogprob logprob) {
        if (ended) {
            return;
        }
        admitted();
        generated++;
        group.tokenMade(index, generated);
        int offset = characters;
        ReasoningReader reader = reasoning;
        // The token that stops an answer is counted but never shown.
        String piece = stopTokens.endAt(generated, token) ? "" : text.push(token);
        characters += piece.length();
        if (logprob != null && !remember(Logprobs.of(token, logprob, offset))) {
            return;
        }
        if (reader == null) {
            answer(token, piece);
        } else {
            reader.read(token, piece);
            if (reader.reasons()) {
                reasoned = generated;
            }
            emit("");
        }
        if (stops.matched()) {
            ended = true;
            handle.complete();
            end("stop");
        }
    }

    @Override
    public void finished(Finish.Reason reason) {
        if (ended) {
            return;
        }
        ended = true;
        admitted();
        String tail = text.flush();
        if (reasoning != null) {
            reasoning.end(tail);
            tail = "";
        }
        ToolCallReader reader = calls;
        if (reader == null) {
            say(tail);
        } else {
            reader.end(tail);
        }
        emit(stops.matched() ? "" : stops.flush());
        boolean called = reader != null && reader.calls() > 0;
        end(stops.matched() ? "stop" : reason == Finish.Reason.LENGTH ? "length" : called ? "tool_calls" : "stop");
    }

    /** What is not reasoning. */
    private void answer(int token, String piece) {
        ToolCallReader reader = calls;
        if (reader == null) {
            say(piece);
        } else {
            reader.read(token, piece);
            emit("");
        }
    }

    /** What a choice of a model that reasons consists of. */
    private final class Thoughts implements ReasoningReader.Sink {
        @Override
        public void reasoning(String piece) {
            group.reasoning(index, last(), piece);
        }

        @Override
        public void answer(int token, String piece) {
            ChoiceStream.this.answer(token, piece);
        }
    }

    private void say(String piece) {
        emit(generated < stopTokens.minTokens() ? piece : stops.push(piece));
    }

    /** What a choice with tools consists of. */
    private final class Parts implements ToolCallReader.CallSink {
        private final int idLength;

        Parts(int idLength) {
            this.idLength = idLength;
        }

        @Override
        public void text(String said) {
            say(said);
        }

        @Override
        public void call(int index, String name) {
            if (!stops.matched()) {
                emit(stops.flush());
                group.call(ChoiceStream.this.index, last(), new CallPiece(index, id(index), name, ""));
            }
        }

        @Override
        public void arguments(int index, String piece) {
            if (!stops.matched()) {
                group.call(ChoiceStream.this.index, last(), new CallPiece(index, "", "", piece));
            }
        }

        /** The same whenever it is asked for. */
        private String id(int index) {
            byte[] unique = (request.requestId() + "/" + index).getBytes(StandardCharsets.UTF_8);
            String hex = UUID.nameUUIDFromBytes(unique).toString().replace("-", "");
            return idLength > 0 ? hex.substring(0, idLength) : "call_" + hex.substring(0, 24);
        }
    }

    @Override
    public void failed(Failure failure) {
        if (!ended) {
            ended = true;
            group.choiceFailed(ApiErrors.of(failure));
        }
    }

    /** Fails with an error of the gateway itself. */
    void failed(ApiError error) {
        ended = true;
        group.choiceFailed(error);
    }

    /** Index of the token that came last. */
    private int last() {
        return Math.max(0, generated - 1);
    }

    private boolean remember(Logprobs batch) {
        Logprobs before = pending;
        if (before == null) {
            pending = batch;
        } else {
            before.add(batch);
        }
        return group.keep(batch.bytes());
    }

    private void emit(String certain) {
        Logprobs batch = pending;
        if (!certain.isEmpty() || (batch != null && batch.bytes() >= MOST_PENDING)) {
            pending = null;
            if (group.keep(EventStream.bytes(certain.length(), null))) {
                group.text(index, last(), certain, batch);
            }
        }
    }

    private void end(String reason) {
        Logprobs batch = pending;
        if (batch != null) {
            pending = null;
            group.text(index, last(), "", batch);
        }
        group.choiceFinished(index, last(), reason);
    }

    /**
     * Cuts an answer before the first stop string that completes in it, across any borders of the pieces it comes in. Text
     * that may yet become a stop string is held back, so nothing that was let through is ever part of one. When two complete
     * at the same character the one that began first counts; the result does not depend on where the pieces were cut.
     */
    static final class StopStrings {
        private final List<String> stops;
        private final StringBuilder held = new StringBuilder();
        private @Nullable String match;

        StopStrings(List<String> stops) {
            this.stops = List.copyOf(stops);
            for (String stop : this.stops) {
                if (stop.isEmpty()) {
                    throw new IllegalArgumentException("A stop string is empty: leave it out.");
                }
            }
        }

        /** The text that is certain to stand before any stop string; empty once one has matched. */
        String push(String text) {
            if (match != null) {
                return "";
            }
            if (stops.isEmpty()) {
                return text;
            }
            held.append(text);
            int start = findMatch();
            int safe = match != null ? start : held.length() - longestPrefixAtEnd();
            String out = held.substring(0, safe);
            held.delete(0, match != null ? held.length() : safe);
            return out;
        }

        /** The end of the answer: what was held back is text after all. */
        String flush() {
            String out = held.toString();
            held.setLength(0);
            return out;
        }

        boolean matched() {
            return match != null;
        }

        /** The stop string that ended the answer, or null. */
        @Nullable
        String match() {
            return match;
        }

        private int findMatch() {
            int bestEnd = Integer.MAX_VALUE;
            int bestStart = -1;
            for (String stop : stops) {
                int start = held.indexOf(stop);
                int end = start + stop.length();
                if (start >= 0 && (end < bestEnd || (end == bestEnd && start < bestStart))) {
                    bestEnd = end;
                    bestStart = start;
                    match = stop;
                }
            }
            return bestStart;
        }

        private int longestPrefixAtEnd() {
            int longest = 0;
            for (String stop : stops) {
                for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
                    if (endsWithPrefix(stop, n)) {
                        longest = n;
                    }
                }
            }
            return longest;
        }

        private boolean endsWithPrefix(String stop, int n) {
            int from = held.length() - n;
            for (int i = 0; i < n; i++) {
                if (held.charAt(from + i) != stop.charAt(i)) {
                    return false;
                }
            }
            return true;
        }
    }
}
