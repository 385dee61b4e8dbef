package dev.baton.control;

import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;

/** An input of a {@link RequestMachine}. Answers to effects carry the number of their attempt. */
public sealed interface RequestEvent {
    /** Answer to {@link Effect.ChooseRoute}. */
    record Routed(int attempt, Route route) implements RequestEvent {}

    /** Answer to {@link Effect.ChooseRoute}: no live worker. */
    record NoRoute(int attempt) implements RequestEvent {}

    /** Answer to {@link Effect.ChooseHedge}: somebody can take over beside that attempt. */
    record HedgeRouted(int attempt, Route route) implements RequestEvent {}

    /** Answer to {@link Effect.ChooseHedge}: nobody can, now. */
    record NoHedge(int attempt) implements RequestEvent {}

    /** Answer to {@link Effect.RecordAttempt} or {@link Effect.RecordHedge}: it is written. */
    record AttemptRecorded(int attempt) implements RequestEvent {}

    /** Answer to {@link Effect.RecordAttempt}: Redis did not answer; the attempt may be written or not. */
    record StoreUnavailable(int attempt, String why) implements RequestEvent {}

    /** Answer to {@link Effect.RecordAttempt}: another gateway has taken the request over. */
    record OwnershipLost(int attempt) implements RequestEvent {}

    /** The job or handoff did not reach Kafka, as far as known. */
    record PublishFailed(int attempt, String why) implements RequestEvent {}

    /** A frame from a worker: a claim (no tokens), tokens, an end, or several of these. */
    record Progressed(WorkerRef worker, Progress progress) implements RequestEvent {}

    /** A worker has read the record of an attempt and does not work on it. */
    record Declined(WorkerRef worker, Decline decline) implements RequestEvent {}

    /** Nothing is heard from the worker; it may still be alive. Followed by StreamRestored or WorkerLost. */
    record WorkerSilent(WorkerRef worker) implements RequestEvent {}

    /** The worker is about to end: what it decodes goes on elsewhere, if somebody can. Told again while it lasts. */
    record WorkerLeaves(WorkerRef worker) implements RequestEvent {}

    /** Answer to {@link Effect.ChooseSuccessor}, when somebody can go on. */
    record SuccessorRouted(int attempt, Route route) implements RequestEvent {}

    /** The worker, in this life, is dead. */
    record WorkerLost(WorkerRef worker, String why) implements RequestEvent {}

    /** The stream to the worker broke and is up again; the worker did not restart. */
    record StreamRestored(WorkerRef worker) implements RequestEvent {}

    /** The client left. */
    record CancelledByClient() implements RequestEvent {}

    /** The client has all that it asked for. */
    record CompletedByClient() implements RequestEvent {}

    /** The gateway itself stood still for that time, so that nobody could be heard: no limit is up by it. */
    record Slept(Duration time) implements RequestEvent {}

    /** It is now {@link RequestMachine#wakeAt()} or later. */
    record TimePassed() implements RequestEvent {}
}
