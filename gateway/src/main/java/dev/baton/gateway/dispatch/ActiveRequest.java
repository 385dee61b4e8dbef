package dev.baton.gateway.dispatch;

import dev.baton.cluster.streams.TokenStreams;
import dev.baton.control.CasOutcome;
import dev.baton.control.Effect;
import dev.baton.control.GenerationRequest;
import dev.baton.control.RequestEvent;
import dev.baton.control.RequestMachine;
import dev.baton.control.TokenIds;
import dev.baton.control.routing.Placement;
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
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request under way: feeds its state machine and performs what it asks for. Owned by its loop. */
final class ActiveRequest implements Dispatcher.RequestHandle, SharedPrompt.Member {
    private static final Logger LOG = LoggerFactory.getLogger(ActiveRequest.class);

    private final GenerationRequest request;
    private final Dispatcher.TokenSink sink;
    private final RequestMachine machine;
    private final RequestLoops.Loop loop;
    private final RequestStore store;
    private final JobPublisher jobs;
    private final TokenStreams streams;
    private final Placement placement;
    private final Assignments assignments;
    private final Entrance.Place place;
    private final SharedPrompt shared;
    private final TurnWait wait;
    private final CompletionRecorder recorder;
    private final TtftBreakdown.Builder times;
    private final RequestJournal journal;
    private final ArrayDeque<RequestEvent> events = new ArrayDeque<>();
    private @Nullable AttemptMessages messages;
    private @Nullable RequestEvent early;
    private boolean begun;
    private boolean handling;
    private boolean ended;
    private boolean elsewhere;
    private Instant wakeAt;
    private boolean admitted;
    private volatile TtftBreakdown timing = TtftBreakdown.NONE;

    ActiveRequest(
            GenerationRequest request,
            Choices.Choice choice,
            Dispatcher.TokenSink sink,
            RequestMachine machine,
            RequestLoops.Loop loop,
            RequestStore store,
            JobPublisher jobs,
            TokenStreams streams,
            Placement placement,
            HedgeBudget hedges,
            Entrance entrance,
            CompletionRecorder recorder) {
        this.request = request;
        this.sink = sink;
        this.machine = machine;
        this.loop = loop;
        this.store = store;
        this.jobs = jobs;
        this.streams = streams;
        this.placement = placement;
        this.assignments = new Assignments(request, placement, hedges, streams);
        this.place = entrance
        .new Place(request, choice, () -> loop.run(this::begin), rejection -> loop.run(() -> displaced(rejection)));
        this.shared = choice.prompt();
        this.recorder = recorder;
        this.times = new TtftBreakdown.Builder(loop.now());
        this.journal = new RequestJournal(request, times.submitted(), sink.spentBefore(), recorder.spans(request));
        this.wakeAt = machine.wakeAt();
        this.wait = new TurnWait(request, place, shared, times.submitted());
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
        boolean goesOn = machine.attempt().getNumber() > 1;
        Rejection refused = place.enter(assignments.name(), goesOn).orElse(null);
        if (refused == null) {
            messages = new AttemptMessages(request, place.weight());
            place.hold(this);
            loop.run(this::queue);
        } else {
            recorder.rejected(refused.reason());
            loop.run(() -> sink.rejected(refused));
        }
    }

    /** On the loop, once, after it was let in. What goes on with an answer that was begun waits no more. */
    private void queue() {
        if (!loop.add(this)) {
            sink.failed(Failure.newBuilder()
                    .setCode(Failure.Code.BAD_REQUEST)
                    .setMessage("a request with the id " + id() + " is running already")
                    .build());
            ended = true;
            shared.left(this);
            place.end();
        } else if (machine.accepted() > 0) {
            begin();
        } else {
            wait.begin(loop.now());
            wakeAt = wait.wakeAt();
            place.queue();
            RequestEvent left = early;
            if (left != null) {
                early = null;
                beforeTurn(left);
            }
        }
    }

    @Override
    public void claimed(Instant until) {
        loop.run(() -> {
            if (!ended && place.held()) {
                wait.heldUntil(until);
                wakeAt = wait.wakeAt();
                admit();
            }
        });
    }

    @Override
    public void go() {
        loop.run(wait::freed);
    }

    private void admit() {
        if (!admitted) {
            admitted = true;
            toSink(sink::admitted);
        }
    }

    /** On the loop, while it waits for its turn: what happens to workers is nothing to it. */
    private void beforeTurn(RequestEvent event) {
        if (event instanceof RequestEvent.TimePassed) {
            wait.late(loop.now()).ifPresent(rejection -> {
                reject(rejection);
                place.end();
            });
            wakeAt = wait.wakeAt();
        } else if (event instanceof RequestEvent.CancelledByClient || event instanceof RequestEvent.CompletedByClient) {
            if (ended || place.withdraw()) {
                leave(event);
            } else {
                early = event;
            }
        }
    }

    /** On the loop: it waited, and another has its place. */
    private void displaced(Rejection rejection) {
        if (!ended) {
            reject(rejection);
        }
    }

    private void reject(Rejection rejection) {
        ended = true;
        loop.remove(this);
        shared.left(this);
        recorder.rejected(rejection.reason());
        toSink(() -> sink.rejected(rejection));
    }

    @Override
    public void cancel() {
        loop.run(() -> on(new RequestEvent.CancelledByClient()));
    }

    @Override
    public void handedOver() {
        loop.run(() -> {
            elsewhere = true;
            on(new RequestEvent.CancelledByClient());
        });
    }

    @Override
    public void complete() {
        loop.run(() -> on(new RequestEvent.CompletedByClient()));
    }

    @Override
    public TtftBreakdown timing() {
        return timing;
    }

    /** On the loop, once, when it is its turn. */
    private void begin() {
        if (ended) {
            return;
        }
        begun = true;
        wakeAt = machine.wakeAt();
        handling = true;
        try {
            perform(machine.start(loop.now()));
        } finally {
            handling = false;
        }
        drain();
        if (early != null) {
            on(early);
        }
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
        if (begun) {
            events.add(event);
            drain();
        } else {
            beforeTurn(event);
        }
    }

    private void drain() {
        if (handling) {
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
        journal.on(effect, machine.attempt(), loop.now());
        recovered(times.recoveries().on(effect, machine.phase(), loop.now()));
        switch (effect) {
            case Effect.ChooseRoute choose -> chooseRoute(choose);
            case Effect.ChooseHedge choose -> chooseHedge(choose);
            case Effect.ChooseSuccessor choose -> assignments.choose(choose).ifPresent(events::add);
            case Effect.TakeSuccessor(Attempt attempt) ->
                journal.routed(attempt, assignments.takeSuccessor(), machine.accepted(), loop.now());
            case Effect.DropSuccessor() -> assignments.dropSuccessor();
            case Effect.RecordAttempt(Attempt attempt, Route _) ->
                record(attempt, store.record(id(), attempt, request.deadline()));
            case Effect.RecordHedge(Attempt hedge, Attempt beside) -> record(hedge, store.hedge(id(), hedge, beside));
            case Effect.EndHedge(Attempt winner, boolean won) -> endHedge(winner, won);
            case Effect.PublishPrefillJob(Attempt attempt, Route route, TokenIds accepted) -> {
                Placement.Assignment to = Objects.requireNonNull(assignments.of(route));
                publish(attempt, jobs.prefill(to, message(attempt, to, accepted)));
            }
            case Effect.PublishComputeHere(Attempt attempt, Route route, TokenIds accepted) -> {
                Placement.Assignment to = Objects.requireNonNull(assignments.of(route));
                publish(attempt, jobs.computeHere(to, message(attempt, to, accepted)));
            }
            case Effect.EmitAdmitted() -> {
                place.claimed();
                shared.claimed(this, () -> loop.now().plus(place.computedWithin()));
                admit();
            }
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
            case Effect.NoteClaimed _ -> place.claimed(); // the recovery's record has it too
            case Effect.NoteRestored _ -> {} // the recovery's record has it
            case Effect.NoteLostAttempt lost -> {
                journal.lost(lost, loop.now());
                recorder.lostAttempt(id(), lost);
                placement.book(lost.fault(), id());
                assignments.release();
            }
            case Effect.NoteDifference difference -> differs(difference);
            case Effect.NoteCleared() -> placement.cleared(id());
            case Effect.PublishDeadLetter(Attempt attempt, TokenIds accepted, String why) ->
                jobs.deadLetter(message(attempt, null, accepted), why);
            case Effect.RecordEnd end -> recordEnd(end);
        }
    }

    /** Not of what another gateway has taken over: that one may not be the owner in Redis yet, and could go on no more. */
    private void recordEnd(Effect.RecordEnd end) {
        if (!elsewhere) {
            store.end(id(), end);
        }
    }

    private void chooseRoute(Effect.ChooseRoute choose) {
        Attempt attempt = choose.attempt();
        Placement.@Nullable Assignment chosen = assignments.choose(choose).orElse(null);
        journal.routed(attempt, chosen, choose.accepted(), loop.now());
        events.add(
                chosen == null
                        ? new RequestEvent.NoRoute(attempt.getNumber())
                        : new RequestEvent.Routed(attempt.getNumber(), chosen.route()));
    }

    private void endHedge(Attempt winner, boolean won) {
        assignments.endHedge(won);
        if (won) {
            journal.routed(winner, assignments.current(), machine.accepted(), loop.now());
        }
        recorder.hedged(won);
        store.settle(id(), winner);
    }

    private void chooseHedge(Effect.ChooseHedge choose) {
        int number = choose.attempt().getNumber();
        events.add(assignments
                .choose(choose)
                .<RequestEvent>map(chosen -> new RequestEvent.HedgeRouted(number, chosen.route()))
                .orElseGet(() -> new RequestEvent.NoHedge(number)));
    }

    /** From a device whose bits are not exact it may be; from another it is the sign of a fault in computing. */
    private void differs(Effect.NoteDifference difference) {
        if (streams.workers().stream()
                .anyMatch(state -> state.getWorker().equals(difference.worker()) && state.getExact())) {
            recorder.differs(id(), difference);
        }
    }

    private void record(Attempt attempt, CompletionStage<CasOutcome> written) {
        written.whenComplete(
                (outcome, failure) -> loop.run(() -> on(RequestStore.answer(attempt.getNumber(), outcome, failure))));
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

    private Generation.Builder message(Attempt attempt, Placement.@Nullable Assignment to, TokenIds accepted) {
        return Objects.requireNonNull(messages)
                .of(attempt, to, accepted, loop.now())
                .setTags(journal.tags(attempt));
    }

    private void emit(int firstIndex, TokenIds tokens, List<TokenLogprob> logprobs) {
        if (firstIndex == 0) {
            times.firstToken(loop.now());
            timing = times.build();
            recorder.firstToken(timing);
            if (machine.attempt().getNumber() == 1) {
                place.firstToken();
            }
        }
        if (assignments.accepted(firstIndex)) {
            shared.open();
        }
        toSink(() -> {
            for (int i = 0; i < tokens.size(); i++) {
                sink.token(firstIndex + i, tokens.at(i), logprobs.isEmpty() ? null : logprobs.get(i));
            }
        });
    }

    private void noteTiming(WorkerRef worker, Timing report) {
        Boolean first = assignments.first(worker);
        if (first != null) {
            times.note(report, first, streams.aheadUs(worker));
            timing = times.build();
        }
    }

    private void recovered(@Nullable Recovery over) {
        if (over != null) {
            timing = times.build();
            recorder.recovered(over);
        }
    }

    /** The client's ends, which no effect reports. */
    private void leave(RequestEvent event) {
        if (event instanceof RequestEvent.CancelledByClient) {
            end(elsewhere ? CompletionRecorder.HANDED_OVER : "cancelled");
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
        assignments.ended(machine.acceptedTokens());
        recovered(times.recoveries().end());
        timing = times.build();
        place.end();
        if (machine.accepted() == 0) {
            shared.left(this);
        } else {
            // Without a decode worker too: a prefill worker made all of it.
            shared.open();
            place.answered(machine.accepted());
        }
        CompletionRecorder.End end = new CompletionRecorder.End(
                times.submitted(), outcome, machine.attempt().getNumber(), machine.cachedTokens(), machine.accepted());
        recorder.ended(request, end, timing, journal.ended(end, timing, loop.now()));
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
