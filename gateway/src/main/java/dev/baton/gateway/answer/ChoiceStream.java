package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.dispatch.RequestHandle;
import dev.baton.gateway.dispatch.TokenSink;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.gateway.sse.LogprobBatch;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.tokenizer.ModelTokenizer;
import dev.baton.tokenizer.StopStrings;
import dev.baton.tokenizer.TextStream;
import org.jspecify.annotations.Nullable;

/**
 * One choice: makes text of its tokens and cuts it at the first stop string. The dispatcher calls it one call at a time;
 * only the handle on the running request is shared with the thread that cancels.
 */
final class ChoiceStream implements TokenSink {
    private final int index;
    private final ChoiceGroup all;
    private final ModelTokenizer tokenizer;
    private final TextStream text;
    private final StopStrings stops;
    private final Shape shape;
    private final Stopping stopping;
    private @Nullable LogprobBatch pending;
    private int characters;
    private boolean admitted;
    private boolean over;
    private volatile int generated;
    private volatile int cached;

    /** Guarded by {@code this}. */
    private @Nullable RequestHandle running;

    private Wish wish = Wish.NONE;

    /** What was decided before the handle was there to tell it to. */
    private enum Wish {
        NONE,
        COMPLETE,
        CANCEL
    }

    ChoiceStream(int index, PreparedRequest prepared, ChoiceGroup all, ModelTokenizer tokenizer) {
        this.index = index;
        this.all = all;
        this.tokenizer = tokenizer;
        this.text = tokenizer.textStream();
        this.stops = new StopStrings(prepared.stops());
        this.shape = prepared.shape();
        this.stopping = prepared.workOf(index).stopping();
    }

    int index() {
        return index;
    }

    int generated() {
        return generated;
    }

    int cached() {
        return cached;
    }

    @Override
    public void running(RequestHandle handle) {
        Wish made;
        synchronized (this) {
            running = handle;
            made = wish;
        }
        tell(handle, made);
    }

    void cancel() {
        wish(Wish.CANCEL);
    }

    private void wish(Wish made) {
        RequestHandle handle;
        synchronized (this) {
            wish = made;
            handle = running;
        }
        if (handle != null) {
            tell(handle, made);
        }
    }

    private static void tell(RequestHandle handle, Wish wish) {
        switch (wish) {
            case NONE -> {}
            case COMPLETE -> handle.complete();
            case CANCEL -> handle.cancel();
        }
    }

    synchronized @Nullable TtftBreakdown timing() {
        return running == null ? null : running.timing();
    }

    @Override
    public void rejected(Rejection rejection) {
        if (!over) {
            over = true;
            all.choiceFailed(ApiErrors.of(rejection));
        }
    }

    @Override
    public void admitted() {
        if (!admitted) {
            admitted = true;
            all.choiceAdmitted();
        }
    }

    @Override
    public void cached(int tokens) {
        cached = tokens;
    }

    @Override
    public void token(int position, int token, @Nullable TokenLogprob logprob) {
        if (over) {
            return;
        }
        admitted();
        generated++;
        all.tokenMade(index, generated);
        int offset = characters;
        String piece = endsWithoutText(token) ? "" : text.push(token);
        characters += piece.length();
        if (logprob != null) {
            remember(
                    shape == Shape.CHAT
                            ? ChatLogprobs.of(token, logprob, tokenizer)
                            : CompletionLogprobs.of(token, logprob, tokenizer, offset));
        }
        emit(generated < stopping.getMinTokens() ? piece : stops.push(piece));
        if (stops.matched()) {
            over = true;
            wish(Wish.COMPLETE);
            end("stop");
        }
    }

    /** The token that stops an answer is counted but never shown. */
    private boolean endsWithoutText(int token) {
        if (generated < stopping.getMinTokens()) {
            return false;
        }
        return stopping.getStopTokenIdsList().contains(token) || (!stopping.getIgnoreEos() && all.isEnd(token));
    }

    @Override
    public void finished(Finish.Reason reason) {
        if (over) {
            return;
        }
        over = true;
        admitted();
        String tail = stops.push(text.flush());
        emit(stops.matched() ? tail : tail + stops.flush());
        end(reason == Finish.Reason.LENGTH && !stops.matched() ? "length" : "stop");
    }

    @Override
    public void failed(Failure failure) {
        if (!over) {
            over = true;
            all.choiceFailed(ApiErrors.of(failure));
        }
    }

    /** Fails with an error of the edge's own making. */
    void failed(ApiError error) {
        over = true;
        all.choiceFailed(error);
    }

    private void remember(LogprobBatch batch) {
        pending = pending == null ? batch : pending.plus(batch);
    }

    private void emit(String certain) {
        if (!certain.isEmpty()) {
            LogprobBatch batch = pending;
            pending = null;
            all.text(index, certain, batch);
        }
    }

    private void end(String reason) {
        LogprobBatch batch = pending;
        if (batch != null) {
            pending = null;
            all.text(index, "", batch);
        }
        all.choiceFinished(index, reason);
    }
}
