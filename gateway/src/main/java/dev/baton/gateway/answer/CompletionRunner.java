package dev.baton.gateway.answer;

import dev.baton.gateway.body.ConnectionHandle;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import dev.baton.gateway.json.ResponseJson;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.observe.RequestTrace;
import dev.baton.gateway.sse.AnswerBody;
import dev.baton.gateway.sse.ChunkTemplates;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.gateway.sse.EventStream;
import dev.baton.gateway.sse.ResponseEvents;
import dev.baton.gateway.sse.StreamPosition;
import dev.baton.gateway.toolcalls.CallPiece;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/** Runs prepared requests: as a stream of events or as one whole answer. Cancelling the result cancels the generations. */
public final class CompletionRunner {
    private final Dispatcher dispatcher;
    private final ServedModel model;
    private final AnswerBudget budget;

    public CompletionRunner(Dispatcher dispatcher, ServedModel model, AnswerBudget budget) {
        this.dispatcher = dispatcher;
        this.model = model;
        this.budget = budget;
    }

    /** Runs on another dispatcher. */
    public CompletionRunner over(UnaryOperator<Dispatcher> other) {
        return new CompletionRunner(other.apply(dispatcher), model, budget);
    }

    /** Reads an answer for nobody, so that texts to cut at are found in it. */
    public void watch(PreparedRequest prepared, RequestTrace trace) {
        AnswerBudget.Account account = budget.open();
        new ChoiceGroup(prepared, model, dispatcher, trace, account).start(new Dropped(account), new Watching(account));
    }

    /**
     * What pays for one answer until it is closed, which must be when the answer has been sent or dropped.
     *
     * @param bytes that it holds already
     * @throws dev.baton.gateway.error.ApiException when there is no room for that
     */
    public AnswerBudget.Account account(long bytes) {
        AnswerBudget.Account account = budget.open();
        account.require(bytes);
        return account;
    }

    /** Completes when every choice is done; an {@link ApiException} when that cannot be. */
    public Mono<CompletionResult> collect(PreparedRequest prepared, RequestTrace trace, AnswerBudget.Account account) {
        return Mono.create(sink -> {
            ChoiceGroup group = new ChoiceGroup(prepared, model, dispatcher, trace, account);
            sink.onCancel(group::cancel);
            CompletionResult.Collector collector =
                    new CompletionResult.Collector(prepared.choices(), model.logprobs(prepared.shape()));
            group.start(collector, new Collecting(collector, sink));
        });
    }

    /**
     * Completes with the body once admission is decided; an {@link ApiException} when it is refused, or when the request
     * fails before that.
     *
     * @param patience how long the client waits for admission
     * @param after what the client has already, where its events have ids; null where they have none
     */
    public Mono<AnswerBody> stream(
            PreparedRequest prepared,
            RequestTrace trace,
            AnswerBudget.Account account,
            ConnectionHandle connection,
            Duration patience,
            @Nullable StreamPosition after) {
        return Mono.create(sink -> {
            ChoiceGroup group = new ChoiceGroup(prepared, model, dispatcher, trace, account);
            AnswerBody events = body(prepared, connection, new Held(group, account), after);
            sink.onCancel(events::cancel);
            group.start(new Streamed(events), new Streaming(prepared, trace, events, sink));
            sink.onDispose(Mono.delay(patience).subscribe(passed -> group.admittedTooLate()));
        });
    }

    private AnswerBody body(
            PreparedRequest prepared,
            ConnectionHandle connection,
            EventStream.Holder holder,
            @Nullable StreamPosition after) {
        if (prepared.shape() == Shape.RESPONSE) {
            return new ResponseEvents(prepared.responseHead(), connection, new Kept(holder));
        }
        ChunkTemplates templates = new ChunkTemplates(
                prepared.shape(),
                prepared.answerId(),
                prepared.created(),
                prepared.model(),
                prepared.serviceTier(),
                prepared.systemFingerprint(),
                prepared.choices());
        return new EventStream(
                templates, model.logprobs(prepared.shape()), prepared.choices(), connection, holder, after);
    }

    /** A response's text is held to its end. */
    private record Kept(EventStream.Holder holder) implements EventStream.Holder {
        @Override
        public void released(long bytes) {}

        @Override
        public void abandoned() {
            holder.abandoned();
        }
    }

    private record Streamed(AnswerBody events) implements ChoiceGroup.TextSink {
        @Override
        public void text(int choice, int token, String text, @Nullable Logprobs logprobs) {
            events.text(choice, token, text, logprobs);
        }

        @Override
        public void call(int choice, int token, CallPiece piece) {
            events.call(choice, token, piece);
        }

        @Override
        public void reasoning(int choice, int token, String text) {
            events.reasoning(choice, token, text);
        }
    }

    private record Held(ChoiceGroup group, AnswerBudget.Account account) implements EventStream.Holder {
        @Override
        public void released(long bytes) {
            account.give(bytes);
        }

        @Override
        public void abandoned() {
            group.cancel();
        }
    }

    private static final class Streaming implements ChoiceGroup.Listener {
        private final boolean includeUsage;
        private final boolean includeTiming;
        private final RequestTrace trace;
        private final Shape shape;
        private final AnswerBody events;
        private final MonoSink<AnswerBody> admission;
        private boolean committed;

        Streaming(PreparedRequest prepared, RequestTrace trace, AnswerBody events, MonoSink<AnswerBody> admission) {
            this.shape = prepared.shape();
            this.includeUsage = prepared.includeUsage();
            this.includeTiming = prepared.includeTiming();
            this.trace = trace;
            this.events = events;
            this.admission = admission;
        }

        @Override
        public void admitted() {
            synchronized (this) {
                committed = true;
            }
            admission.success(events);
        }

        @Override
        public void finished(int choice, int token, String reason) {
            events.finish(choice, token, reason);
        }

        @Override
        public void done(Usage usage, TtftBreakdown timing) {
            Map<String, String> trailers = new LinkedHashMap<>();
            if (includeTiming) {
                trailers.put("timing", ResponseJson.write(TimingJson.of(timing)));
            }
            if (includeUsage) {
                trailers.put("usage", ResponseJson.write(shape == Shape.RESPONSE ? usage.ofResponse() : usage.json()));
            }
            events.end(trailers);
        }

        @Override
        public void failed(ApiError error) {
            fail(error, false);
        }

        @Override
        public void evicted(ApiError error) {
            fail(error, true);
        }

        private void fail(ApiError error, boolean drop) {
            boolean late;
            synchronized (this) {
                late = committed;
            }
            if (!late) {
                admission.error(new ApiException(error));
                return;
            }
            trace.failedInStream(error);
            String body = shape == Shape.RESPONSE ? error.ofResponse() : error.json();
            if (drop) {
                events.dropAndFail(body);
            } else {
                events.fail(body);
            }
        }
    }

    private record Dropped(AnswerBudget.Account account) implements ChoiceGroup.TextSink {
        @Override
        public void text(int choice, int token, String text, @Nullable Logprobs logprobs) {
            account.give(EventStream.bytes(text.length(), logprobs));
        }

        @Override
        public void call(int choice, int token, CallPiece piece) {
            account.give(piece.bytes());
        }

        @Override
        public void reasoning(int choice, int token, String text) {
            account.give(EventStream.bytes(text.length(), null));
        }
    }

    private record Watching(AnswerBudget.Account account) implements ChoiceGroup.Listener {
        @Override
        public void admitted() {}

        @Override
        public void finished(int choice, int token, String reason) {}

        @Override
        public void done(Usage usage, TtftBreakdown timing) {
            account.close();
        }

        @Override
        public void failed(ApiError error) {
            account.close();
        }

        @Override
        public void evicted(ApiError error) {
            account.close();
        }
    }

    private record Collecting(CompletionResult.Collector collector, MonoSink<CompletionResult> sink)
            implements ChoiceGroup.Listener {
        @Override
        public void admitted() {
            // The status waits for the whole answer.
        }

        @Override
        public void finished(int choice, int token, String reason) {
            collector.finish(choice, reason);
        }

        @Override
        public void done(Usage usage, TtftBreakdown timing) {
            sink.success(collector.result(usage));
        }

        @Override
        public void failed(ApiError error) {
            sink.error(new ApiException(error));
        }

        @Override
        public void evicted(ApiError error) {
            sink.error(new ApiException(error));
        }
    }
}
