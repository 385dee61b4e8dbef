package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import dev.baton.gateway.json.ResponseJson;
import dev.baton.gateway.observe.RequestTrace;
import dev.baton.gateway.sse.ChunkTemplates;
import dev.baton.gateway.sse.ConnectionHandle;
import dev.baton.gateway.sse.EventStream;
import dev.baton.gateway.sse.LogprobBatch;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;

/** Runs prepared requests: as a stream of events or as one whole answer. Cancelling the result cancels the generations. */
public final class CompletionRunner {
    private final Dispatcher dispatcher;
    private final ServedModel model;
    private final KeepAlive keepAlive;

    public CompletionRunner(Dispatcher dispatcher, ServedModel model, KeepAlive keepAlive) {
        this.dispatcher = dispatcher;
        this.model = model;
        this.keepAlive = keepAlive;
    }

    /** Completes when every choice is done; an {@link ApiException} when that cannot be. */
    public Mono<CompletionResult> collect(PreparedRequest prepared, RequestTrace trace) {
        return Mono.create(sink -> {
            ChoiceGroup group =
                    new ChoiceGroup(prepared, model, dispatcher, trace, new Collecting(prepared.choices(), sink));
            sink.onCancel(group::cancel);
            group.start();
        });
    }

    /**
     * Completes with the body once admission is decided; an {@link ApiException} when it is refused, or when the request
     * fails before that.
     */
    public Mono<EventStream> stream(PreparedRequest prepared, RequestTrace trace, ConnectionHandle connection) {
        return Mono.create(sink -> {
            Streaming streaming = new Streaming(prepared, trace, sink);
            ChoiceGroup group = new ChoiceGroup(prepared, model, dispatcher, trace, streaming);
            ChunkTemplates templates = new ChunkTemplates(
                    prepared.shape(), prepared.answerId(), prepared.created(), prepared.model(), prepared.choices());
            Ticker ticker = new Ticker(keepAlive, connection.close());
            EventStream events = new EventStream(templates, prepared.choices(), connection, () -> {
                ticker.stop();
                group.cancel();
            });
            streaming.writesTo(events, ticker);
            ticker.ticks(events);
            sink.onCancel(events::cancel);
            group.start();
        });
    }

    /** When an idle stream gets a comment, and when a client that reads nothing is disconnected. */
    public record KeepAlive(Duration interval, Duration stallLimit, Scheduler scheduler) {
        public KeepAlive {
            if (!interval.isPositive() || !stallLimit.isPositive()) {
                throw new IllegalArgumentException("keep-alive interval and stall limit must be above zero");
            }
        }
    }

    private static final class Streaming implements CompletionSink {
        private final boolean includeUsage;
        private final boolean includeTiming;
        private final RequestTrace trace;
        private final MonoSink<EventStream> admission;
        private @Nullable EventStream events;
        private @Nullable Ticker ticker;
        private boolean committed;

        Streaming(PreparedRequest prepared, RequestTrace trace, MonoSink<EventStream> admission) {
            this.includeUsage = prepared.includeUsage();
            this.includeTiming = prepared.includeTiming();
            this.trace = trace;
            this.admission = admission;
        }

        void writesTo(EventStream stream, Ticker clock) {
            this.events = stream;
            this.ticker = clock;
        }

        private EventStream events() {
            EventStream stream = events;
            if (stream == null) {
                throw new IllegalStateException("started before it had a stream");
            }
            return stream;
        }

        private void stopTicker() {
            Ticker clock = ticker;
            if (clock != null) {
                clock.stop();
            }
        }

        @Override
        public void admitted() {
            synchronized (this) {
                committed = true;
            }
            admission.success(events());
        }

        @Override
        public void text(int choice, String text, @Nullable LogprobBatch logprobs) {
            events().text(choice, text, logprobs);
        }

        @Override
        public void finished(int choice, String reason) {
            events().finish(choice, reason);
        }

        @Override
        public void done(Usage usage, TtftBreakdown timing) {
            stopTicker();
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
            stopTicker();
            boolean late;
            synchronized (this) {
                late = committed;
            }
            if (late) {
                trace.failedInStream(error);
                events().fail(error.json());
            } else {
                admission.error(new ApiException(error));
            }
        }
    }

    private static final class Collecting implements CompletionSink {
        private final MonoSink<CompletionResult> sink;
        private final CompletionResult.Part[] parts;

        Collecting(int choices, MonoSink<CompletionResult> sink) {
            this.sink = sink;
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
        public void text(int choice, String text, @Nullable LogprobBatch logprobs) {
            parts[choice].add(text, logprobs);
        }

        @Override
        public void finished(int choice, String reason) {
            parts[choice].finish(reason);
        }

        @Override
        public void done(Usage usage, TtftBreakdown timing) {
            sink.success(CompletionResult.of(parts, usage));
        }

        @Override
        public void failed(ApiError error) {
            sink.error(new ApiException(error));
        }
    }
}
