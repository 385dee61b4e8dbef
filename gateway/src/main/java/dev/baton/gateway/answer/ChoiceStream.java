package dev.baton.gateway.answer;

import dev.baton.control.GenerationRequest;
import dev.baton.gateway.dispatch.Choices;
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
    private final @Nullable Echo echo;
    private final @Nullable EchoedPrompt echoed;
    private @Nullable Logprobs pending;
    private int characters;
    private boolean admitted;
    private boolean ended;
    private volatile int generated;
    private volatile int cached;
    private volatile int reasoned;

    ChoiceStream(
            Choices.Choice choice,
            PreparedRequest prepared,
            ChoiceGroup group,
            ServedModel model,
            Dispatcher dispatcher) {
        this.index = choice.index();
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
        this.echo = prepared.echo(index);
        this.echoed = echo == null ? null : new EchoedPrompt(echo, request.prompt(), model.tokenizer());
        TokenSink sink = echo != null ? new OffLoop(this, Thread::startVirtualThread) : this;
        this.handle = dispatcher.prepare(request, choice, sink);
    }

    /** Tokens of the answer. */
    int generated() {
        return echo != null && echo.alone() ? 0 : generated;
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
        if (generated == 1 && echoed != null) {
            echoed.sayTo(this::sayPrompt, logprob == null ? List.of() : logprob.getPromptList());
        }
        if (echo != null && echo.alone()) {
            return;
        }
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
        if (echo != null && echo.alone()) {
            end("length");
            return;
        }
        boolean called = reader != null && reader.calls() > 0;
        end(stops.matched() ? "stop" : reason == Finish.Reason.LENGTH ? "length" : called ? "tool_calls" : "stop");
    }

    /** Texts to cut at are not looked for in it. */
    private boolean sayPrompt(String piece, @Nullable Logprobs logprobs) {
        characters += piece.length();
        boolean kept = group.keep(EventStream.bytes(piece.length(), logprobs));
        if (kept) {
            group.text(index, 0, piece, logprobs);
        }
        return kept;
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
}
