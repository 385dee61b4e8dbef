package dev.baton.gateway.answer;

import dev.baton.control.GenerationRequest;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.Dispatcher.RequestHandle;
import dev.baton.gateway.dispatch.Dispatcher.TokenSink;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.gateway.sse.EventStream;
import dev.baton.protocol.StopTokens;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.tokenizer.StopStrings;
import dev.baton.tokenizer.TextStream;
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
    private @Nullable Logprobs pending;
    private int characters;
    private boolean admitted;
    private boolean ended;
    private volatile int generated;
    private volatile int cached;

    ChoiceStream(int index, PreparedRequest prepared, ChoiceGroup group, ServedModel model, Dispatcher dispatcher) {
        this.index = index;
        this.group = group;
        this.text = model.tokenizer().textStream();
        this.stops = new StopStrings(prepared.stops());
        this.shape = prepared.shape();
        this.request = prepared.generations().get(index);
        this.stopTokens = StopTokens.of(request.stopping(), model.stopTokens());
        this.handle = dispatcher.prepare(request, this);
    }

    int generated() {
        return generated;
    }

    int cached() {
        return cached;
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
        // The token that stops an answer is counted but never shown.
        String piece = stopTokens.endAt(generated, token) ? "" : text.push(token);
        characters += piece.length();
        if (logprob != null && !remember(Logprobs.of(token, logprob, offset))) {
            return;
        }
        emit(generated < stopTokens.minTokens() ? piece : stops.push(piece));
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
        String tail = stops.push(text.flush());
        emit(stops.matched() ? tail : tail + stops.flush());
        end(reason == Finish.Reason.LENGTH && !stops.matched() ? "length" : "stop");
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
                group.text(index, certain, batch);
            }
        }
    }

    private void end(String reason) {
        Logprobs batch = pending;
        if (batch != null) {
            pending = null;
            group.text(index, "", batch);
        }
        group.choiceFinished(index, reason);
    }
}
