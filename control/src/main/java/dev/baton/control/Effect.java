package dev.baton.control;

import dev.baton.control.routing.Fault;
import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.KvSource;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.protocol.v1.WorkerRef;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An action that a {@link RequestMachine} asks for. Performed in order; some are answered by a {@link RequestEvent}. */
public sealed interface Effect {
    /**
     * Pick workers, of {@code avoid} only a decode worker when no other is left. Answers Routed or NoRoute.
     *
     * @param left the decode worker that made the last tokens: their KV may still lie on its host. Null for none
     * @param alone it may be what kills workers: only on a decode worker without another such request
     */
    record ChooseRoute(
            Attempt attempt,
            int accepted,
            Set<WorkerRef> avoid,
            @Nullable WorkerRef left,
            boolean alone) implements Effect {}

    /** Write the attempt to Redis, QUEUED: created when its number is 1, else raised. Answers. */
    record RecordAttempt(Attempt attempt, Route route) implements Effect {}

    /**
     * Pick a decode worker that can go on beside an attempt whose worker is silent, at the cost of a block of tokens at
     * most; never one whose tokens could differ. Answers HedgeRouted or NoHedge.
     *
     * @param left the silent decode worker, when it has made tokens: their KV lies on its host
     */
    record ChooseHedge(
            Attempt attempt,
            int accepted,
            Set<WorkerRef> avoid,
            @Nullable WorkerRef left) implements Effect {}

    /**
     * Pick workers that can go on at once in the place of one that is about to end. Answers SuccessorRouted, or nothing when
     * there is nobody with room.
     *
     * @param from the decode worker, which holds KV of all these tokens but the last
     */
    record ChooseSuccessor(Attempt attempt, TokenIds accepted, Set<WorkerRef> avoid, WorkerRef from)
            implements Effect {}

    /** What was picked for {@link ChooseSuccessor} is the current attempt's route from now on. */
    record TakeSuccessor(Attempt attempt) implements Effect {}

    /** It is not wanted any more. */
    record DropSuccessor() implements Effect {}

    /** Write a second attempt to Redis, QUEUED, live beside another. Answers as {@link RecordAttempt}. */
    record RecordHedge(Attempt hedge, Attempt beside) implements Effect {}

    /**
     * Of two live attempts one is left: write that to Redis.
     *
     * @param won it is the second one
     */
    record EndHedge(Attempt winner, boolean won) implements Effect {}

    /** Publish a prefill job to the route's prefill lane. Answers only when it fails. */
    record PublishPrefillJob(Attempt attempt, Route route, TokenIds accepted) implements Effect {}

    /** Publish a handoff that asks the decode worker to compute the prompt itself. Answers only when it fails. */
    record PublishComputeHere(Attempt attempt, Route route, TokenIds accepted) implements Effect {}

    /** A worker has claimed the request, for the first time. */
    record EmitAdmitted() implements Effect {}

    /** Prompt tokens found in a prefix cache, by the first attempt that reports it. Comes once, before the first token. */
    record EmitCached(int tokens) implements Effect {}

    /** Accepted tokens, never emitted before. */
    record EmitTokens(int firstIndex, TokenIds tokens, List<TokenLogprob> logprobs) implements Effect {}

    /** Ends the request: done. */
    record EmitFinish(Finish.Reason reason) implements Effect {}

    /** Ends the request: failed. */
    record EmitFailure(Failure failure) implements Effect {}

    /** Ends the request: the first attempt could not be made, so nothing of it has run. */
    record EmitRejection(Cause cause, String message) implements Effect {
        public enum Cause {
            NO_WORKERS,
            STORE_UNAVAILABLE
        }
    }

    /** Cancel an attempt at a worker: the current one, or an old one that it still works on. */
    record SendCancel(WorkerRef worker, Attempt attempt) implements Effect {}

    /** Ask a worker to send again from {@code nextIndex}. */
    record SendResume(WorkerRef worker, Attempt attempt, int nextIndex) implements Effect {}

    /** Acknowledge tokens below {@code nextIndex} to a worker, which may forget them. */
    record Acknowledge(WorkerRef worker, Attempt attempt, int nextIndex) implements Effect {}

    /** Where the time went, as a worker of the attempt reports it. */
    record NoteTiming(WorkerRef worker, Timing timing) implements Effect {}

    /** A worker has begun an attempt that follows another, or stands beside it: for the record of the recovery. */
    record NoteClaimed(Attempt attempt) implements Effect {}

    /** Where the KV of what was known came from, in an attempt as that of {@link NoteClaimed}. */
    record NoteRestored(Attempt attempt, KvSource source) implements Effect {}

    /** An attempt was given up: for the log, the counters, and what others learn of it. */
    record NoteLostAttempt(Attempt attempt, Phase phase, String why, Fault fault) implements Effect {}

    /** A request that had to run alone got beyond the token at which workers died: it was not the cause. */
    record NoteCleared() implements Effect {}

    /** Keep the request, which is taken to kill workers, where people can look at it. A failure follows. */
    record PublishDeadLetter(Attempt attempt, TokenIds accepted, String why) implements Effect {}

    /**
     * A worker has sent another token than the one that the client has at that index. The client's stays. From a device
     * whose bits are exact that must not be.
     */
    record NoteDifference(WorkerRef worker, int index, int accepted, int came) implements Effect {}

    /** Write the last phase to Redis. */
    record RecordEnd(Attempt attempt, Phase phase) implements Effect {}
}
