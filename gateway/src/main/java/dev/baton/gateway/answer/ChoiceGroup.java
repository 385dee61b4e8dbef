package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.observe.RequestTrace;
import dev.baton.gateway.sse.LogprobBatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The choices of one request, run side by side. They are admitted together, end together, and when one fails all do.
 */
final class ChoiceGroup {
    private final PreparedRequest prepared;
    private final ServedModel model;
    private final RequestTrace trace;
    private final CompletionSink answer;
    private final ChoiceStream[] choices;
    private final AtomicInteger toAdmit;
    private final AtomicInteger toFinish;
    private final AtomicBoolean over = new AtomicBoolean();

    ChoiceGroup(PreparedRequest prepared, ServedModel model, RequestTrace trace, CompletionSink answer) {
        this.prepared = prepared;
        this.model = model;
        this.trace = trace;
        this.answer = answer;
        this.choices = new ChoiceStream[prepared.choices()];
        for (int i = 0; i < choices.length; i++) {
            choices[i] = new ChoiceStream(i, prepared, this, model.tokenizer());
        }
        this.toAdmit = new AtomicInteger(choices.length);
        this.toFinish = new AtomicInteger(choices.length);
    }

    void start(Dispatcher dispatcher) {
        trace.dispatched(prepared.choices());
        for (ChoiceStream choice : choices) {
            if (over.get()) {
                return;
            }
            try {
                dispatcher.dispatch(prepared.submission(choice.index()), choice);
            } catch (RuntimeException e) {
                trace.problem("the dispatcher threw", e);
                choice.failed(ApiError.internal("The request could not be dispatched."));
            }
        }
    }

    /** The client left. Runs at most once, and not after the end. */
    void cancel() {
        if (over.compareAndSet(false, true)) {
            stopAll();
            trace.clientLeft();
        }
    }

    private void stopAll() {
        for (ChoiceStream choice : choices) {
            choice.cancel();
        }
    }

    boolean isEnd(int token) {
        return model.isEnd(token);
    }

    void choiceAdmitted() {
        if (toAdmit.decrementAndGet() == 0 && !over.get()) {
            trace.admitted();
            answer.admitted();
        }
    }

    void tokenMade(int choice, int count) {
        trace.token(choice, count);
    }

    void text(int choice, String text, @Nullable LogprobBatch logprobs) {
        if (!over.get()) {
            answer.text(choice, text, logprobs);
        }
    }

    void choiceFinished(int choice, String reason) {
        if (over.get()) {
            return;
        }
        answer.finished(choice, reason);
        trace.finished(reason);
        if (toFinish.decrementAndGet() == 0 && over.compareAndSet(false, true)) {
            Usage usage = usage();
            TtftBreakdown timing = choices[0].timing();
            trace.done(usage.promptTokens(), usage.cachedTokens(), timing == null ? 1 : timing.attempts());
            answer.done(usage, timing);
        }
    }

    void choiceFailed(ApiError error) {
        if (over.compareAndSet(false, true)) {
            stopAll();
            answer.failed(error);
        }
    }

    private Usage usage() {
        int generated = 0;
        int cached = 0;
        for (ChoiceStream choice : choices) {
            generated += choice.generated();
            if (choice.index() % prepared.n() == 0) {
                cached += choice.cached();
            }
        }
        return new Usage(prepared.promptTokens(), cached, generated);
    }
}
