package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.Choices;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.Recovery;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.observe.RequestTrace;
import dev.baton.gateway.sse.EventStream;
import dev.baton.gateway.toolcalls.CallPiece;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The choices of one request, run side by side. They are admitted together, end together, and when one fails all do.
 */
final class ChoiceGroup {
    /** More are not logged. */
    private static final int MOST_RECOVERIES = 8;

    private final PreparedRequest prepared;
    private final RequestTrace trace;
    private final AnswerBudget.Account account;
    private final ChoiceStream[] choices;
    private final AtomicInteger toAdmit;
    private final AtomicInteger toFinish;
    private final AtomicBoolean ended = new AtomicBoolean();

    @SuppressWarnings("NullAway.Init") // set by start
    private TextSink text;

    @SuppressWarnings("NullAway.Init") // set by start
    private Listener listener;

    /** Takes what the choices say and call. Any thread may call, several at once for different choices. */
    interface TextSink {
        /**
         * @param token index of the one that produced it
         * @param text unescaped; may be empty when {@code logprobs} is there
         */
        void text(int choice, int token, String text, @Nullable Logprobs logprobs);

        void call(int choice, int token, CallPiece piece);

        /** Before any text of the choice. */
        void reasoning(int choice, int token, String text);
    }

    /** Hears what becomes of the request and of its choices. Any thread may call. */
    interface Listener {
        /** Every choice has a worker, or waits for its prompt to be computed by one: from here on the status is 200. */
        void admitted();

        /** The choice has no more text. */
        void finished(int choice, int token, String reason);

        /**
         * All choices have finished; nothing comes after.
         *
         * @param timing of the first choice
         */
        void done(Usage usage, TtftBreakdown timing);

        /** Some choice cannot go on and all were stopped; nothing comes after. */
        void failed(ApiError error);

        /** The request was ended to make room. All that is held for it is dropped, also after {@code done}. */
        void evicted(ApiError error);
    }

    ChoiceGroup(
            PreparedRequest prepared,
            ServedModel model,
            Dispatcher dispatcher,
            RequestTrace trace,
            AnswerBudget.Account account) {
        this.prepared = prepared;
        this.trace = trace;
        this.account = account;
        this.choices = new ChoiceStream[prepared.choices()];
        Choices together = new Choices(choices.length, prepared.n());
        for (int i = 0; i < choices.length; i++) {
            choices[i] = new ChoiceStream(together.choice(i), prepared, this, model, dispatcher);
        }
        this.toAdmit = new AtomicInteger(choices.length);
        this.toFinish = new AtomicInteger(choices.length);
    }

    /** Since the request's head came. */
    Duration elapsed() {
        return trace.elapsed();
    }

    /** Starts all choices; once. Neither sink nor listener may block. */
    void start(TextSink to, Listener whole) {
        text = to;
        listener = whole;
        account.whenEvicted(this::evicted);
        trace.dispatched(choices.length);
        for (ChoiceStream choice : choices) {
            if (ended.get()) {
                return;
            }
            try {
                choice.start();
            } catch (RuntimeException e) {
                trace.problem("the dispatcher threw", e);
                choice.failed(ApiError.internal("The request could not be dispatched."));
            }
        }
    }

    /** The client left. Runs at most once, and not after the end. */
    void cancel() {
        if (ended.compareAndSet(false, true)) {
            stopAll();
            traceRecoveries();
            trace.clientLeft();
        }
    }

    private void stopAll() {
        for (ChoiceStream choice : choices) {
            choice.cancel();
        }
    }

    void choiceAdmitted() {
        if (toAdmit.decrementAndGet() == 0 && !ended.get()) {
            trace.admitted();
            listener.admitted();
        }
    }

    /** Fails unless every choice is admitted: the client waits no longer for headers. */
    void admittedTooLate() {
        if (toAdmit.getAndUpdate(left -> left > 0 ? Integer.MIN_VALUE : left) > 0) {
            choiceFailed(ApiError.deadlineExceeded());
        }
    }

    void tokenMade(int choice, int count) {
        trace.token(choice, count);
    }

    /** Charges what is about to be kept; false when the request was ended for want of room. */
    boolean keep(long bytes) {
        return account.take(bytes);
    }

    void text(int choice, int token, String piece, @Nullable Logprobs logprobs) {
        if (!ended.get()) {
            text.text(choice, token, piece, logprobs);
        }
    }

    void call(int choice, int token, CallPiece piece) {
        if (!ended.get() && keep(piece.bytes())) {
            text.call(choice, token, piece);
        }
    }

    void reasoning(int choice, int token, String piece) {
        if (!ended.get() && keep(EventStream.bytes(piece.length(), null))) {
            text.reasoning(choice, token, piece);
        }
    }

    void choiceFinished(int choice, int token, String reason) {
        if (ended.get()) {
            return;
        }
        listener.finished(choice, token, reason);
        trace.finished(reason);
        if (toFinish.decrementAndGet() == 0 && ended.compareAndSet(false, true)) {
            Usage usage = usage();
            TtftBreakdown timing = choices[0].timing();
            trace.done(usage.promptTokens(), usage.cachedTokens(), timing.attempts());
            traceRecoveries();
            listener.done(usage, timing);
        }
    }

    void choiceFailed(ApiError error) {
        if (ended.compareAndSet(false, true)) {
            stopAll();
            traceRecoveries();
            listener.failed(error);
        }
    }

    private void evicted(ApiError error) {
        if (ended.compareAndSet(false, true)) {
            stopAll();
            traceRecoveries();
        }
        listener.evicted(error);
    }

    private void traceRecoveries() {
        trace.recovered(Arrays.stream(choices)
                .flatMap(choice -> choice.timing().recoveries().stream())
                .limit(MOST_RECOVERIES)
                .map(Recovery::describe)
                .collect(Collectors.joining("; ")));
    }

    private Usage usage() {
        int generated = 0;
        int cached = 0;
        int reasoning = 0;
        for (int i = 0; i < choices.length; i++) {
            generated += choices[i].generated();
            reasoning += choices[i].reasoning();
            if (i % prepared.n() == 0) {
                cached += choices[i].cached();
            }
        }
        return new Usage(prepared.promptTokens(), cached, generated, prepared.reasoning() == null ? null : reasoning);
    }
}
