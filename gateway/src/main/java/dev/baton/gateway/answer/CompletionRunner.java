package dev.baton.gateway.answer;

import dev.baton.gateway.body.ConnectionHandle;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import dev.baton.gateway.json.ResponseJson;
import dev.baton.gateway.logprobs.LogprobFormat;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.observe.RequestTrace;
import dev.baton.gateway.sse.ChunkTemplates;
import dev.baton.gateway.sse.EventStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
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

    /** What pays for one answer until it is closed, which must be when the answer has been sent or dropped. */
    public AnswerBudget.Account account() {
        return budget.open();
    }

    /** Completes when every choice is done; an {@link ApiException} when that cannot be. */
    public Mono<CompletionResult> collect(PreparedRequest prepared, RequestTrace trace, AnswerBudget.Account account) {
        return Mono.create(sink -> {
            Collecting collecting = new Collecting(prepared.choices(), model.logprobs(prepared.shape()), sink);
            ChoiceGroup group = new ChoiceGroup(prepared, model, dispatcher, trace, collecting, account);
            sink.onCancel(group::cancel);
            group.start();
        });
    }

    /**
     * Completes with the body once admission is decided; an {@link ApiException} when it is refused, or when the request
     * fails before that.
     *
     * @param patience how long the client waits for admission
     */
    public Mono<EventStream> stream(
            PreparedRequest prepared,
            RequestTrace trace,
            AnswerBudget.Account account,
            ConnectionHandle connection,
            Duration patience) {
        return Mono.create(sink -> {
            Streaming streaming = new Streaming(prepared, trace, sink);
            ChoiceGroup group = new ChoiceGroup(prepared, model, dispatcher, trace, streaming, account);
            ChunkTemplates templates = new ChunkTemplates(
                    prepared.shape(), prepared.answerId(), prepared.created(), prepared.model(), prepared.choices());
            EventStream events = new EventStream(
                    templates,
                    model.logprobs(prepared.shape()),
                    prepared.choices(),
                    connection,
                    new Held(group, account));
            streaming.writesTo(events);
            sink.onCancel(events::cancel);
            sink.onDispose(Mono.delay(patience).subscribe(passed -> group.admittedTooLate()));
            group.start();
        });
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

    private static final class Streaming implements CompletionSink {
        private final boolean includeUsage;
        private final boolean includeTiming;
        private final RequestTrace trace;
        private final MonoSink<EventStream> admission;
        private @Nullable EventStream events;
        private boolean committed;

        Streaming(PreparedRequest prepared, RequestTrace trace, MonoSink<EventStream> admission) {
            this.includeUsage = prepared.includeUsage();
            this.includeTiming = prepared.includeTiming();
            this.trace = trace;
            this.admission = admission;
        }

        void writesTo(EventStream stream) {
            this.events = stream;
        }

        private EventStream events() {
            EventStream stream = events;
            if (stream == null) {
                throw new IllegalStateException("started before it had a stream");
            }
            return stream;
        }

        @Override
        public void admitted() {
            synchronized (this) {
                committed = true;
            }
            admission.success(events());
        }

        @Override
        public void text(int choice, String text, @Nullable Logprobs logprobs) {
            events().text(choice, text, logprobs);
        }

        @Override
        public void finished(int choice, String reason) {
            events().finish(choice, reason);
        }

        @Override
        public void done(Usage usage, TtftBreakdown timing) {
            Map<String, String> trailers = new LinkedHashMap<>();
            if (includeTiming) {
                trailers.put("timing", ResponseJson.write(TimingJson.of(timing)));
            }
            if (includeUsage) {
                trailers.put("usage", ResponseJson.write(usage.json()));
            }
            events().end(trailers);
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
            if (drop) {
                events().dropAndFail(error.json());
            } else {
                events().fail(error.json());
            }
        }
    }

    private static final class Collecting implements CompletionSink {
        private final MonoSink<CompletionResult> sink;
        private final LogprobFormat format;
        private final CompletionResult.Part[] parts;

        Collecting(int choices, LogprobFormat format, MonoSink<CompletionResult> sink) {
            this.sink = sink;
            this.format = format;
            this.parts = new CompletionResult.Part[choices];
            for (int i = 0; i < choices; i++) {
                parts[i] = new CompletionResult.Part();
            }
        }

        @Override
        public void admitted() {
            // The status waits for the whole answer.
        }

        @Override
        public void text(int choice, String text, @Nullable Logprobs logprobs) {
            parts[choice].add(text, logprobs);
        }

        @Override
        public void finished(int choice, String reason) {
            parts[choice].finish(reason);
        }

        @Override
        public void done(Usage usage, TtftBreakdown timing) {
            sink.success(CompletionResult.of(parts, format, usage));
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
