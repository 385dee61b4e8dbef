package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.RequestTiming;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.observe.RequestTrace;
import dev.baton.gateway.sse.LogprobBatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The choices of one request, run side by side. They are admitted together, end together, and when one fails all do.
 */
final class Generations {
    private final Plan plan;
    private final ServedModel model;
    private final RequestTrace trace;
    private final Answer answer;
    private final Choice[] choices;
    private final AtomicInteger toAdmit;
    private final AtomicInteger toFinish;
    private final AtomicBoolean over = new AtomicBoolean();

    Generations(Plan plan, ServedModel model, RequestTrace trace, Answer answer) {
        this.plan = plan;
        this.model = model;
        this.trace = trace;
        this.answer = answer;
        this.choices = new Choice[plan.choices()];
        for (int i = 0; i < choices.length; i++) {
            choices[i] = new Choice(i, plan, this, model.tokenizer());
        }
        this.toAdmit = new AtomicInteger(choices.length);
        this.toFinish = new AtomicInteger(choices.length);
    }

    void start(Dispatcher dispatcher) {
        trace.dispatched(plan.choices());
        for (Choice choice : choices) {
            if (over.get()) {
                return;
            }
            try {
                dispatcher.dispatch(plan.submission(choice.index()), choice);
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
        for (Choice choice : choices) {
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
            RequestTiming timing = choices[0].timing();
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
        for (Choice choice : choices) {
            generated += choice.generated();
            if (choice.index() % plan.n() == 0) {
                cached += choice.cached();
            }
        }
        return new Usage(plan.promptTokens(), cached, generated);
    }
}
