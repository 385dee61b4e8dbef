package dev.baton.gateway.dispatch;

import dev.baton.cluster.requests.CasOutcome;
import dev.baton.control.Effect;
import dev.baton.control.PhaseLimits;
import dev.baton.control.RequestEvent;
import dev.baton.control.RequestMachine;
import dev.baton.control.RequestSpec;
import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request under way: feeds its state machine and performs what it asks for. Owned by its loop. */
final class ActiveRequest implements RequestHandle {
    private static final Logger LOG = LoggerFactory.getLogger(ActiveRequest.class);

    private final AdmittedRequest request;
    private final TokenSink sink;
    private final RequestLoop loop;
    private final Rim rim;
    private final RequestMachine machine;
    private final TtftBreakdown.Builder times;
    private final ArrayDeque<RequestEvent> events = new ArrayDeque<>();
    private boolean handling;
    private boolean over;
    private Placement.@Nullable Placed placed;
    private boolean answered;
    private Instant wakeAt;
    private volatile TtftBreakdown timing = TtftBreakdown.NONE;

    ActiveRequest(AdmittedRequest request, TokenSink sink, RequestLoop loop, Rim rim, PhaseLimits limits) {
        this.request = request;
        this.sink = sink;
        this.loop = loop;
        this.rim = rim;
        this.times = new TtftBreakdown.Builder(request.at());
        this.machine = new RequestMachine(
                new RequestSpec(
                        request.id(),
                        request.maxTokens(),
                        request.submission().deadline(),
                        ThreadLocalRandom.current().nextLong()),
                limits,
                request.at());
        this.wakeAt = machine.wakeAt();
    }

    String id() {
        return request.id();
    }

    Instant wakeAt() {
        return wakeAt;
    }

    @Override
    public void cancel() {
        loop.run(() -> on(new RequestEvent.CancelledByClient()));
    }

    @Override
    public void complete() {
        loop.run(() -> on(new RequestEvent.CompletedByClient()));
    }

    @Override
    public TtftBreakdown timing() {
        return timing;
    }

    /** On the loop, once. */
    void start() {
        sink.running(this);
        if (!loop.add(this)) {
            sink.failed(Failure.newBuilder()
                    .setCode(Failure.Code.BAD_REQUEST)
                    .setMessage("a request with the id " + id() + " is running already")
                    .build());
            over = true;
            rim.gate().left();
            return;
        }
        handling = true;
        try {
            perform(machine.start());
        } finally {
            handling = false;
        }
        drain();
    }

    /** On the loop: this process ends; workers drop the request and the client hears why. */
    void giveUp(Failure failure) {
        if (!over) {
            toSink(() -> sink.failed(failure));
            end(failure.getCode().name().toLowerCase(Locale.ROOT));
            on(new RequestEvent.CancelledByClient());
        }
    }

    /** On the loop. */
    void on(RequestEvent event) {
        events.add(event);
        drain();
    }

    private void drain() {
        if (handling) {
            return;
        }
        handling = true;
        try {
            for (RequestEvent event = events.poll(); event != null; event = events.poll()) {
                boolean ended = machine.phase().ended();
                perform(machine.on(event, rim.clock().instant()));
                wakeAt = machine.wakeAt();
                if (!ended && machine.phase().ended()) {
                    leave(event);
                }
            }
        } finally {
            handling = false;
        }
    }

    /** One that cannot be performed is a bug: without it the request would never end, so it fails. */
    private void perform(List<Effect> effects) {
        try {
            effects.forEach(this::perform);
        } catch (RuntimeException e) {
            LOG.error("request {}: what it asks for could not be done", id(), e);
            if (!over) {
                end("gateway_failed");
                toSink(() -> sink.failed(Failure.newBuilder()
                        .setCode(Failure.Code.ENGINE_FAILED)
                        .setMessage("the gateway could not go on; its log has the details under the request's id")
                        .build()));
            }
            events.add(new RequestEvent.CancelledByClient());
        }
    }

    private void perform(Effect effect) {
        switch (effect) {
            case Effect.ChooseRoute(Attempt attempt, int accepted, Set<WorkerRef> avoid) ->
                chooseRoute(attempt, accepted, avoid);
            case Effect.RecordAttempt(Attempt attempt, Route _) -> recordAttempt(attempt);
            case Effect.PublishPrefillJob(Attempt attempt, Route route, List<Integer> accepted) ->
                publish(attempt, rim.jobs().prefill(route, generation(attempt, accepted)));
            case Effect.PublishComputeHere(Attempt attempt, Route route, List<Integer> accepted) ->
                publish(attempt, rim.jobs().computeHere(route, generation(attempt, accepted)));
            case Effect.EmitAdmitted() -> toSink(sink::admitted);
            case Effect.EmitTokens(int firstIndex, List<Integer> tokens, List<TokenLogprob> logprobs) ->
                emit(firstIndex, tokens, logprobs);
            case Effect.EmitCached(int tokens) -> toSink(() -> sink.cached(tokens));
            case Effect.EmitFinish(Finish.Reason reason) -> {
                end(reason.name().toLowerCase(Locale.ROOT));
                toSink(() -> sink.finished(reason));
            }
            case Effect.EmitFailure(Failure failure) -> {
                end(failure.getCode().name().toLowerCase(Locale.ROOT));
                toSink(() -> sink.failed(failure));
            }
            case Effect.EmitRejection(Effect.EmitRejection.Cause cause, String message) -> {
                Rejection.Reason reason = switch (cause) {
                    case NO_WORKERS -> Rejection.Reason.NO_WORKERS;
                    case STORE_UNAVAILABLE -> Rejection.Reason.STATE_UNAVAILABLE;
                };
                end(reason.name().toLowerCase(Locale.ROOT));
                toSink(() -> sink.rejected(new Rejection(reason, message, null)));
            }
            case Effect.SendCancel(WorkerRef worker, Attempt attempt) ->
                rim.streams().cancel(worker, id(), attempt);
            case Effect.SendResume(WorkerRef worker, Attempt attempt, int nextIndex) ->
                rim.streams().resume(worker, id(), attempt, nextIndex);
            case Effect.Acknowledge(WorkerRef worker, Attempt attempt, int nextIndex) ->
                rim.streams().acknowledge(worker, id(), attempt, nextIndex);
            case Effect.NoteTiming(WorkerRef worker, Timing report) -> noteTiming(worker, report);
            case Effect.NoteLostAttempt lost -> {
                LOG.info(
                        "request {} gives up attempt {}: {}",
                        id(),
                        lost.attempt().getNumber(),
                        lost.why());
                rim.recorder().metrics().lostAttempt(lost.phase());
                release();
            }
            case Effect.RecordEnd end -> rim.store().end(id(), end);
        }
    }

    private void chooseRoute(Attempt attempt, int accepted, Set<WorkerRef> avoid) {
        release();
        GenerationRequest submission = request.submission();
        Placement.Wanted wanted = new Placement.Wanted(
                submission.model(),
                request.chain(),
                submission.prompt().length + accepted,
                request.maxTokens() - accepted,
                avoid);
        placed = rim.placement().place(wanted).orElse(null);
        answered = false;
        events.add(
                placed == null
                        ? new RequestEvent.NoRoute(attempt.getNumber())
                        : new RequestEvent.Routed(attempt.getNumber(), placed.route()));
    }

    private void recordAttempt(Attempt attempt) {
        int number = attempt.getNumber();
        rim.store()
                .record(id(), attempt, request.submission().deadline())
                .whenComplete((outcome, failure) -> loop.run(() -> on(recorded(number, outcome, failure))));
    }

    private static RequestEvent recorded(int number, @Nullable CasOutcome outcome, @Nullable Throwable failure) {
        if (outcome == null) {
            return new RequestEvent.StoreUnavailable(number, "Redis does not answer (spring.data.redis.*): " + failure);
        }
        return outcome.holds() ? new RequestEvent.AttemptRecorded(number) : new RequestEvent.OwnershipLost(number);
    }

    private void publish(Attempt attempt, CompletionStage<?> sent) {
        times.attempt(attempt.getNumber(), rim.clock().instant());
        timing = times.build();
        sent.whenComplete((done, failure) -> {
            if (failure != null) {
                String why = "Kafka did not take the job (spring.kafka.*): " + failure;
                loop.run(() -> on(new RequestEvent.PublishFailed(attempt.getNumber(), why)));
            }
        });
    }

    private Generation generation(Attempt attempt, List<Integer> accepted) {
        long fingerprint = placed == null ? 0 : placed.modelFingerprint();
        return request.generation(rim.gateway(), fingerprint)
                .setAttempt(attempt)
                .addAllAccepted(accepted)
                .setSubmittedUs(TtftBreakdown.Builder.micros(rim.clock().instant()))
                .build();
    }

    private void emit(int firstIndex, List<Integer> tokens, List<TokenLogprob> logprobs) {
        if (firstIndex == 0) {
            times.firstToken(rim.clock().instant());
            timing = times.build();
            rim.recorder().metrics().firstToken(timing);
        }
        if (!answered && placed != null) {
            answered = true;
            rim.placement().answered(placed);
        }
        toSink(() -> {
            for (int i = 0; i < tokens.size(); i++) {
                sink.token(firstIndex + i, tokens.get(i), logprobs.isEmpty() ? null : logprobs.get(i));
            }
        });
    }

    private void noteTiming(WorkerRef worker, Timing report) {
        if (placed != null) {
            times.note(report, placed.route().first().worker().equals(worker));
            timing = times.build();
        }
    }

    /** Ends that no effect names: the client's. */
    private void leave(RequestEvent event) {
        if (event instanceof RequestEvent.CancelledByClient) {
            end("cancelled");
        } else if (event instanceof RequestEvent.CompletedByClient) {
            end("completed");
        }
        over = true;
        loop.remove(this);
    }

    private void end(String outcome) {
        if (over) {
            return;
        }
        over = true;
        release();
        timing = times.build();
        rim.gate().left();
        CompletionRecorder.End end = new CompletionRecorder.End(
                outcome, machine.attempt().getNumber(), machine.cachedTokens(), machine.accepted(), times.firstToken());
        rim.recorder().ended(request, end, timing);
    }

    private void release() {
        if (placed != null) {
            if (!answered) {
                rim.placement().answered(placed);
            }
            rim.placement().release(placed);
            placed = null;
        }
    }

    /** A sink that throws has a bug; its request must not run on unheard. */
    private void toSink(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.error("request {}: what takes its tokens failed", id(), e);
            events.add(new RequestEvent.CancelledByClient());
        }
    }
}
