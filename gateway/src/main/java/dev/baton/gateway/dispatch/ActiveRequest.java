package dev.baton.gateway.dispatch;

import dev.baton.cluster.streams.TokenStreams;
import dev.baton.control.CasOutcome;
import dev.baton.control.Effect;
import dev.baton.control.GenerationRequest;
import dev.baton.control.RequestEvent;
import dev.baton.control.RequestMachine;
import dev.baton.control.TokenIds;
import dev.baton.control.admission.Admission;
import dev.baton.control.routing.Placement;
import dev.baton.control.routing.Route;
import dev.baton.kv.BlockHash;
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
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request under way: feeds its state machine and performs what it asks for. Owned by its loop. */
final class ActiveRequest implements Dispatcher.RequestHandle {
    private static final Logger LOG = LoggerFactory.getLogger(ActiveRequest.class);

    private final GenerationRequest request;
    private final Dispatcher.TokenSink sink;
    private final RequestMachine machine;
    private final RequestLoops.Loop loop;
    private final RequestStore store;
    private final JobPublisher jobs;
    private final TokenStreams streams;
    private final Placement placement;
    private final Admission admission;
    private final CompletionRecorder recorder;
    private final TtftBreakdown.Builder times;
    private final RequestJournal journal;
    private final ArrayDeque<RequestEvent> events = new ArrayDeque<>();
    private List<BlockHash> chain = List.of();
    private Generation generation = Generation.getDefaultInstance();
    private boolean begun;
    private boolean handling;
    private boolean ended;
    private Placement.@Nullable Assignment assignment;
    private boolean answered;
    private boolean decoded;
    private Instant wakeAt;
    private volatile TtftBreakdown timing = TtftBreakdown.NONE;

    ActiveRequest(
            GenerationRequest request,
            Dispatcher.TokenSink sink,
            RequestMachine machine,
            RequestLoops.Loop loop,
            RequestStore store,
            JobPublisher jobs,
            TokenStreams streams,
            Placement placement,
            Admission admission,
            CompletionRecorder recorder) {
        this.request = request;
        this.sink = sink;
        this.machine = machine;
        this.loop = loop;
        this.store = store;
        this.jobs = jobs;
        this.streams = streams;
        this.placement = placement;
        this.admission = admission;
        this.recorder = recorder;
        this.times = new TtftBreakdown.Builder(loop.now());
        this.journal = new RequestJournal(request, times.submitted(), sink.spentBefore());
        this.wakeAt = machine.wakeAt();
    }

    String id() {
        return request.requestId();
    }

    Instant wakeAt() {
        return wakeAt;
    }

    /** Work that grows with the prompt is done here, on the caller's thread. */
    @Override
    public void start() {
        Admission.Request asked =
                new Admission.Request(request.prompt().length, request.maxTokens(), request.deadline());
        switch (admission.enter(asked, placement.maxContext(request.model()), loop.now())) {
            case Admission.Admitted _ -> {
                chain = placement.chain(request.model(), request.tenantSalt().toByteArray(), request.prompt());
                generation = request.toGeneration();
                loop.run(this::begin);
            }
            case Admission.Refused refused -> {
                Rejection rejection = Rejection.of(refused);
                recorder.rejected(rejection.reason());
                loop.run(() -> sink.rejected(rejection));
            }
        }
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

    /** On the loop, once, after it was admitted. */
    void begin() {
        begun = true;
        if (!loop.add(this)) {
            sink.failed(Failure.newBuilder()
                    .setCode(Failure.Code.BAD_REQUEST)
                    .setMessage("a request with the id " + id() + " is running already")
                    .build());
            ended = true;
            admission.left(loop.now());
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

    /** On the loop. */
    RequestView view() {
        return journal.running(machine.phase(), machine.cachedTokens(), machine.accepted(), timing, loop.now());
    }

    /** On the loop, when this process ends: workers drop the request and the client gets the failure. */
    void giveUp(Failure failure) {
        if (!ended) {
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
        if (handling || !begun) {
            return;
        }
        handling = true;
        try {
            for (RequestEvent event = events.poll(); event != null; event = events.poll()) {
                boolean before = machine.phase().ended();
                perform(machine.on(event, loop.now()));
                wakeAt = machine.wakeAt();
                if (!before && machine.phase().ended()) {
                    leave(event);
                }
            }
        } finally {
            handling = false;
        }
    }

    /** An effect that throws is a bug. The request could hang without it, so it fails. */
    private void perform(List<Effect> effects) {
        try {
            effects.forEach(this::perform);
        } catch (RuntimeException e) {
            LOG.error("request {}: what it asks for could not be done", id(), e);
            if (!ended) {
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
            case Effect.ChooseRoute choose -> chooseRoute(choose);
            case Effect.RecordAttempt(Attempt attempt, Route _) -> recordAttempt(attempt);
            case Effect.PublishPrefillJob(Attempt attempt, Route _, TokenIds accepted) ->
                publish(attempt, jobs.prefill(Objects.requireNonNull(assignment), generation(attempt, accepted)));
            case Effect.PublishComputeHere(Attempt attempt, Route _, TokenIds accepted) ->
                publish(attempt, jobs.computeHere(Objects.requireNonNull(assignment), generation(attempt, accepted)));
            case Effect.EmitAdmitted() -> toSink(sink::admitted);
            case Effect.EmitTokens(int firstIndex, TokenIds tokens, List<TokenLogprob> logprobs) ->
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
            case Effect.SendCancel(WorkerRef worker, Attempt attempt) -> streams.cancel(worker, id(), attempt);
            case Effect.SendResume(WorkerRef worker, Attempt attempt, int nextIndex) ->
                streams.resume(worker, id(), attempt, nextIndex);
            case Effect.Acknowledge(WorkerRef worker, Attempt attempt, int nextIndex) ->
                streams.acknowledge(worker, id(), attempt, nextIndex);
            case Effect.NoteTiming(WorkerRef worker, Timing report) -> noteTiming(worker, report);
            case Effect.NoteLostAttempt lost -> {
                journal.lost(lost, loop.now());
                recorder.lostAttempt(id(), lost);
                placement.book(lost.fault(), id());
                release();
            }
            case Effect.NoteCleared() -> placement.cleared(id());
            case Effect.PublishDeadLetter(Attempt attempt, TokenIds accepted, String why) ->
                jobs.deadLetter(generation(attempt, accepted), why);
            case Effect.RecordEnd end -> store.end(id(), end);
        }
    }

    private void chooseRoute(Effect.ChooseRoute choose) {
        Attempt attempt = choose.attempt();
        release();
        assignment = placement
                .place(
                        request.model(),
                        chain,
                        request.prompt().length + choose.accepted(),
                        request.maxTokens() - choose.accepted(),
                        new Placement.Wishes(id(), choose.avoid(), choose.left(), choose.alone()))
                .orElse(null);
        journal.routed(attempt, assignment, choose.accepted(), loop.now());
        answered = false;
        decoded = false;
        events.add(
                assignment == null
                        ? new RequestEvent.NoRoute(attempt.getNumber())
                        : new RequestEvent.Routed(attempt.getNumber(), assignment.route()));
    }

    private void recordAttempt(Attempt attempt) {
        int number = attempt.getNumber();
        store.record(id(), attempt, request.deadline())
                .whenComplete((outcome, failure) -> loop.run(() -> on(recorded(number, outcome, failure))));
    }

    private static RequestEvent recorded(int number, @Nullable CasOutcome outcome, @Nullable Throwable failure) {
        if (outcome == null) {
            return new RequestEvent.StoreUnavailable(number, "Redis does not answer (spring.data.redis.*): " + failure);
        }
        return outcome.holds() ? new RequestEvent.AttemptRecorded(number) : new RequestEvent.OwnershipLost(number);
    }

    private void publish(Attempt attempt, CompletionStage<?> sent) {
        times.attempt(attempt.getNumber(), loop.now());
        timing = times.build();
        sent.whenComplete((done, failure) -> {
            if (failure != null) {
                String why = "Kafka did not take the job (spring.kafka.*): " + failure;
                loop.run(() -> on(new RequestEvent.PublishFailed(attempt.getNumber(), why)));
            }
        });
    }

    private Generation.Builder generation(Attempt attempt, TokenIds accepted) {
        Generation.Builder next = generation.toBuilder()
                .setAttempt(attempt)
                .setModelFingerprint(assignment == null ? 0 : assignment.modelFingerprint())
                .setSubmittedUs(TtftBreakdown.Builder.micros(loop.now()));
        for (int i = 0; i < accepted.size(); i++) {
            next.addAccepted(accepted.at(i));
        }
        return next;
    }

    private void emit(int firstIndex, TokenIds tokens, List<TokenLogprob> logprobs) {
        if (firstIndex == 0) {
            times.firstToken(loop.now());
            timing = times.build();
            recorder.firstToken(timing);
        }
        if (!answered && assignment != null) {
            answered = true;
            placement.answered(assignment);
        }
        // Where a prompt was split, its first token comes from the prefill worker and all others from the decode
        // worker.
        if (!decoded
                && assignment != null
                && (firstIndex > 0 || assignment.route().computesAtDecode())) {
            decoded = true;
            placement.decoded(assignment, chain);
        }
        toSink(() -> {
            for (int i = 0; i < tokens.size(); i++) {
                sink.token(firstIndex + i, tokens.at(i), logprobs.isEmpty() ? null : logprobs.get(i));
            }
        });
    }

    private void noteTiming(WorkerRef worker, Timing report) {
        if (assignment != null) {
            boolean first = assignment.route().first().worker().equals(worker);
            times.note(report, first, streams.aheadUs(worker));
            timing = times.build();
        }
    }

    /** The client's ends, which no effect reports. */
    private void leave(RequestEvent event) {
        if (event instanceof RequestEvent.CancelledByClient) {
            end("cancelled");
        } else if (event instanceof RequestEvent.CompletedByClient) {
            end("completed");
        }
        ended = true;
        loop.remove(this);
    }

    private void end(String outcome) {
        if (ended) {
            return;
        }
        ended = true;
        noteAnswer();
        release();
        timing = times.build();
        admission.left(loop.now());
        CompletionRecorder.End end = new CompletionRecorder.End(
                times.submitted(), outcome, machine.attempt().getNumber(), machine.cachedTokens(), machine.accepted());
        recorder.ended(request, end, timing, journal.ended(end, timing, loop.now()));
    }

    /** The next turn of the conversation begins with what this one leaves: all tokens but the last, which was never computed. */
    private void noteAnswer() {
        if (assignment != null && decoded) {
            int[] prompt = request.prompt();
            TokenIds answer = machine.acceptedTokens();
            placement.decoded(
                    assignment,
                    placement.extended(
                            chain,
                            request.model(),
                            request.tenantSalt().toByteArray(),
                            at -> at < prompt.length ? prompt[at] : answer.at(at - prompt.length),
                            prompt.length + answer.size() - 1));
        }
    }

    private void release() {
        if (assignment != null) {
            if (!answered) {
                placement.unanswered(assignment);
            }
            placement.release(assignment);
            placement.cleared(id());
            assignment = null;
        }
    }

    /** A sink that throws has a bug; its request is cancelled. */
    private void toSink(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.error("request {}: what takes its tokens failed", id(), e);
            events.add(new RequestEvent.CancelledByClient());
        }
    }
}
