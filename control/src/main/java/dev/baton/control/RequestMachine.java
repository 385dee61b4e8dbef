package dev.baton.control;

import dev.baton.control.routing.Fault;
import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of one request, from its first route to its end, through the loss of any worker.
 *
 * <p>It guarantees that each token index is emitted once, in order, and never changes, and that the request ends exactly
 * once. Three rules give that. A frame counts only when it carries a live attempt and comes from a worker (and epoch) of its
 * route: the prefill worker for the first token, the decode worker for all. A token is accepted only at the next index; a
 * lower one is only compared, a higher one leaves a gap that is asked for. Every new attempt carries the accepted tokens.
 *
 * <p>Recovery is the same for every cause: give the attempt up, raise its number, choose workers again and publish prompt
 * plus accepted tokens. The old workers are cancelled, but nothing depends on it.
 */
public final class RequestMachine {
    private final Instant deadline;
    private final PhaseLimits limits;
    private final Attempts attempts;
    private final TokenIntake intake;
    private final LiveAttempts live;
    private final ToldOnce told = new ToldOnce();
    private Instant started;
    private @Nullable Phase end;
    private int recordings;
    private List<Effect> effects = new ArrayList<>();

    /** @param nonces the nonce of each attempt, by its number: always the same, and unguessable */
    public RequestMachine(RequestStart start, IntToLongFunction nonces, PhaseLimits limits, Instant now) {
        this.deadline = start.deadline();
        this.limits = limits;
        this.started = now;
        this.attempts = new Attempts(nonces, limits, start.attempt());
        this.intake = new TokenIntake(start.maxTokens(), start.accepted());
        this.live = new LiveAttempts(attempts, intake, limits, now);
    }

    /** The first effects. What it waits for a worker counts from now. */
    public List<Effect> start(Instant now) {
        started = now;
        return List.of(new Effect.ChooseRoute(attempt(), intake.size(), Set.of(), null, false));
    }

    /** Takes an event and returns the effects. Events after the end, and late answers, have none. */
    public List<Effect> on(RequestEvent event, Instant now) {
        effects = new ArrayList<>(4);
        if (end != null) {
            afterTheEnd(event);
            return effects;
        }
        switch (event) {
            case RequestEvent.Routed(int number, Route chosen) when live.awaitsRoute(number) -> routed(chosen, now);
            case RequestEvent.NoRoute(int number) when live.awaitsRoute(number) -> noRoute(now);
            case RequestEvent.HedgeRouted(int number, Route to) ->
                recordings += live.routed(number, to, now, effects) ? 1 : 0;
            case RequestEvent.NoHedge _ -> live.refused(now);
            case RequestEvent.AttemptRecorded(int number) -> recorded(number, now);
            case RequestEvent.StoreUnavailable(int number, String why) -> storeUnavailable(number, why, now);
            case RequestEvent.OwnershipLost(int number) -> ownershipLost(number);
            case RequestEvent.PublishFailed(int number, String why) -> publishFailed(number, why, now);
            case RequestEvent.Progressed(WorkerRef worker, Progress progress) -> progressed(worker, progress, now);
            case RequestEvent.Declined(WorkerRef worker, Decline decline) -> declined(worker, decline, now);
            case RequestEvent.WorkerSilent(WorkerRef worker) -> live.silent(worker, now, effects);
            case RequestEvent.WorkerLeaves(WorkerRef worker) -> live.leaves(worker, effects);
            case RequestEvent.SuccessorRouted(int number, Route to) ->
                recordings += live.handOver(number, to, now, effects) ? 1 : 0;
            case RequestEvent.WorkerLost(WorkerRef worker, String why) -> workerLost(worker, why, now);
            case RequestEvent.StreamRestored(WorkerRef worker) -> live.restored(worker, effects);
            case RequestEvent.CancelledByClient() -> stop(Phase.CANCELLED);
            case RequestEvent.CompletedByClient() -> stop(Phase.DONE);
            case RequestEvent.TimePassed() -> timePassed(now);
            case RequestEvent.Slept(Duration time) -> live.slept(time, now);
            // Answers to an attempt that has been given up.
            case RequestEvent.Routed _, RequestEvent.NoRoute _ -> {}
        }
        return effects;
    }

    private Execution run() {
        return live.run();
    }

    public Phase phase() {
        return end == null ? run().phase() : end;
    }

    public Attempt attempt() {
        return run().attempt();
    }

    /** How many tokens have been emitted. */
    public int accepted() {
        return intake.size();
    }

    /** The tokens that have been emitted. */
    public TokenIds acceptedTokens() {
        return intake.tokens();
    }

    /** Prompt tokens found in a prefix cache, by the first attempt that reported it. */
    public int cachedTokens() {
        return told.cachedTokens();
    }

    /** When {@link RequestEvent.TimePassed} is due next; never, after the end. */
    public Instant wakeAt() {
        return end != null
                ? Instant.MAX
                : Collections.min(List.of(deadline, live.wakeAt(), attempts.dueAt(), intake.gapEnds()));
    }

    private void routed(Route chosen, Instant now) {
        run().assign(chosen, now);
        attempts.started();
        recordings++;
        if (run().number() == 1) {
            // Beside its record: a claim waits for that. Later ones must not meet an earlier attempt.
            run().publish(intake.tokens(), effects);
        }
        effects.add(new Effect.RecordAttempt(attempt(), chosen));
    }

    private void noRoute(Instant now) {
        if (run().number() == 1 && !now.isBefore(started.plus(limits.withoutWorkers()))) {
            reject(Effect.EmitRejection.Cause.NO_WORKERS, "no live decode worker serves the model");
        } else {
            attempts.postpone(now);
        }
    }

    private void recorded(int number, Instant now) {
        recordings--;
        Execution recorded = live.numbered(number);
        if (recorded != null && number > 1) {
            recorded.moved(now);
            recorded.publish(intake.tokens(), effects);
        }
    }

    private void storeUnavailable(int number, String why, Instant now) {
        recordings--;
        if (number == 1 && number == run().number()) {
            reject(Effect.EmitRejection.Cause.STORE_UNAVAILABLE, why);
        } else if (number == run().number()) {
            run().unassign();
            attempts.postpone(now);
        } else if (live.numbered(number) != null) {
            live.dropSecond(effects);
        }
    }

    private void ownershipLost(int number) {
        recordings--;
        if (number == run().number()) {
            effects.add(new Effect.EmitFailure(
                    failure(Failure.Code.SUPERSEDED, "another gateway has taken the request over")));
            end = Phase.FAILED;
        }
    }

    /** A record whose confirmation was lost may be in Kafka all the same: a worker that has claimed it is the proof. */
    private void publishFailed(int number, String why, Instant now) {
        Execution published = live.numbered(number);
        if (published == null || published.begun()) {
            return;
        }
        if (published != run()) {
            live.dropSecond(effects);
        } else if (number == 1) {
            reject(Effect.EmitRejection.Cause.STORE_UNAVAILABLE, why);
        } else {
            raise(why, failure(Failure.Code.NO_CAPACITY, why), new Fault.Infrastructure(), now);
        }
    }

    private void progressed(WorkerRef worker, Progress progress, Instant now) {
        Execution of = live.of(progress.getAttempt());
        if (of == null && attempts.stale(worker, progress, effects)) {
            intake.compare(worker, progress, effects);
        } else if (of == run() && of.involves(worker)) {
            current(worker, progress, now);
        } else if (of != null && of.involves(worker)) {
            hedged(of, worker, progress, now);
        }
    }

    /** A frame of the second attempt: it wins with the next token, and otherwise only tells how far it is. */
    private void hedged(Execution second, WorkerRef worker, Progress progress, Instant now) {
        if (progress.hasFailure()) {
            live.dropSecond(effects);
        } else if (intake.brings(progress)) {
            live.promote(second, effects);
            current(worker, progress, now);
        } else {
            second.beside(worker, progress, now, effects);
        }
    }

    private void current(WorkerRef worker, Progress progress, Instant now) {
        if (progress.hasFailure()) {
            failed(worker, progress.getFailure(), now);
            return;
        }
        if (run().news(progress, now)) {
            told.admitted(effects);
            return;
        }
        told.take(run(), worker, progress, effects);
        boolean prefills = run().prefills(worker);
        if (intake.leavesGap(worker, progress, attempt(), now, effects)) {
            run().heard(worker);
            return;
        }
        intake.compare(worker, progress, effects);
        int taken = intake.take(worker, progress, prefills, effects);
        run().progressed(worker, progress, now);
        if (taken > 0) {
            run().moved(now);
            live.dropSecond(effects);
            if (attempts.madeProgress(intake.size())) {
                effects.add(new Effect.NoteCleared());
            }
        }
        if (intake.endsHere(progress)) {
            finish(progress.getFinish().getReason(), worker);
        } else if (intake.full()) {
            finish(Finish.Reason.LENGTH, worker);
        } else if (taken > 0) {
            intake.acknowledge(worker, attempt(), prefills, effects);
        }
    }

    private void failed(WorkerRef worker, Failure failure, Instant now) {
        Failure.Code code = failure.getCode();
        boolean late = code == Failure.Code.DEADLINE_EXCEEDED && !now.isBefore(deadline);
        // Asked to resume what it has not claimed yet, a worker does not know it: the job is still in the lane.
        boolean unclaimed = code == Failure.Code.UNKNOWN_REQUEST && !run().active(worker);
        if (code == Failure.Code.BAD_REQUEST || late) {
            fail(failure);
        } else if (!unclaimed && run().needs(worker)) {
            FailureVerdict verdict = FailureVerdict.of(code, worker, run().route());
            if (code == Failure.Code.KV_NOT_FOUND) {
                live.nothingLeft(); // the worker is well, only nothing was found there
            }
            if (verdict.avoids()) {
                attempts.avoid(worker);
            }
            raise(worker.getId() + " says " + code + ": " + failure.getMessage(), failure, verdict.fault(), now);
        }
    }

    /** A record that the worker does not take up. It counts only while no worker is active on that part of the attempt. */
    private void declined(WorkerRef worker, Decline decline, Instant now) {
        Execution second = live.second();
        if (second != null && decline.getAttempt().equals(second.attempt()) && second.idle(decline.getRole())) {
            live.dropSecond(effects);
            return;
        }
        if (decline.getAttempt().equals(attempt()) && run().idle(decline.getRole())) {
            DeclineVerdict verdict = DeclineVerdict.of(decline.getReason());
            if (verdict.avoids()) {
                attempts.avoid(worker);
            }
            if (verdict != DeclineVerdict.WAIT) {
                String why =
                        "%s declines it, %s: %s".formatted(worker.getId(), decline.getReason(), decline.getMessage());
                raise(why, failure(verdict.code(), why), verdict.fault(worker), now);
            }
        }
    }

    private void workerLost(WorkerRef worker, String why, Instant now) {
        Execution second = live.second();
        if (second != null && second.needs(worker)) {
            live.dropSecond(effects);
        }
        if (run().needs(worker)) {
            boolean suspicious = run().computedBy(worker) || (run().active(worker) && attempts.lostOnceMore());
            Fault fault = suspicious ? new Fault.Request(worker) : new Fault.Infrastructure();
            attempts.avoid(worker);
            raise(why, failure(Failure.Code.ENGINE_FAILED, why), fault, now);
        }
    }

    private void timePassed(Instant now) {
        if (!now.isBefore(deadline)) {
            fail(failure(Failure.Code.DEADLINE_EXCEEDED, "the deadline passed while it was " + phase()));
        } else if (!now.isBefore(run().limit(limits))) {
            late(run().awaited(), phase() + " for more than " + limits.of(phase()), Failure.Code.NO_CAPACITY, now);
        } else if (!now.isBefore(intake.gapEnds())) {
            late(intake.gapLeftBy(), intake.describeGap(), Failure.Code.ENGINE_FAILED, now);
        } else if (attempts.due(now)) {
            attempts.started();
            chooseRoute();
        } else {
            live.timePassed(now, effects);
        }
    }

    private void late(@Nullable WorkerRef worker, String why, Failure.Code code, Instant now) {
        raise(why, failure(code, why), worker == null ? new Fault.Infrastructure() : new Fault.Worker(worker), now);
    }

    /** Gives the attempt up, books why, and begins the next one with the tokens accepted so far. */
    private void raise(String why, Failure last, Fault fault, Instant now) {
        effects.add(new Effect.NoteLostAttempt(attempt(), phase(), why, fault));
        Attempts.Next next = attempts.book(fault, run(), intake.size());
        switch (live.second() == null ? next : Attempts.Next.ATTEMPT) {
            case ATTEMPT -> {
                boolean full = fault instanceof Fault.Worker && last.getCode() == Failure.Code.NO_CAPACITY;
                boolean unrouted = live.next(now, effects);
                if (unrouted && (full || attempts.mustWait())) {
                    attempts.postpone(now);
                } else if (unrouted) {
                    chooseRoute();
                }
            }
            case FAILURE -> {
                String tried = "gave up after " + run().number() + " attempts, at last: ";
                fail(failure(last.getCode(), tried + last.getMessage()));
            }
            case DEAD_LETTER -> {
                String what = attempts.accusation(intake.size(), why);
                effects.add(new Effect.PublishDeadLetter(attempt(), intake.tokens(), what));
                fail(failure(Failure.Code.ENGINE_FAILED, what));
            }
        }
    }

    private void chooseRoute() {
        Set<WorkerRef> avoid = attempts.avoided();
        effects.add(new Effect.ChooseRoute(attempt(), intake.size(), avoid, live.left(), attempts.suspicious()));
    }

    private void finish(Finish.Reason reason, WorkerRef last) {
        live.dropSecond(effects);
        effects.add(new Effect.EmitFinish(reason));
        effects.add(new Effect.Acknowledge(last, attempt(), intake.size()));
        run().endedBy(last, effects);
        end(Phase.DONE);
    }

    private void fail(Failure failure) {
        effects.add(new Effect.EmitFailure(failure));
        stop(Phase.FAILED);
    }

    private void reject(Effect.EmitRejection.Cause cause, String message) {
        effects.add(new Effect.EmitRejection(cause, message));
        stop(Phase.FAILED);
    }

    private void stop(Phase last) {
        live.dropSecond(effects);
        run().cancel(effects);
        end(last);
    }

    private void end(Phase last) {
        end = last;
        if (recordings == 0 && (run().route() != null || run().number() > 1)) {
            effects.add(new Effect.RecordEnd(attempt(), last));
        }
    }

    /** An attempt that was being recorded when the request ended must not be claimable. */
    private void afterTheEnd(RequestEvent event) {
        switch (event) {
            case RequestEvent.AttemptRecorded(int number) -> effects.add(attempts.endOf(number, phase()));
            case RequestEvent.StoreUnavailable(int number, String _) -> effects.add(attempts.endOf(number, phase()));
            default -> {}
        }
    }

    private static Failure failure(Failure.Code code, String why) {
        return Failure.newBuilder().setCode(code).setMessage(why).build();
    }
}
