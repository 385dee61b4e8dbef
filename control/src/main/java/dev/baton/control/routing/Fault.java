package dev.baton.control.routing;

import dev.baton.protocol.v1.WorkerRef;

/** To whom the end of an attempt is booked. What is booked to one says nothing about the others. */
public sealed interface Fault {
    /** Kafka, Redis, or no worker that takes work: waited for within the deadline, never counted. */
    record Infrastructure() implements Fault {}

    /** KV did not get from one worker to the other: the two are kept apart for a while. Not counted. */
    record Pair(WorkerRef prefill, WorkerRef decode) implements Fault {}

    /** The worker could not do its part, or not in time: one of the failures that a request may have in a row. */
    record Worker(WorkerRef worker) implements Fault {}

    /** The worker died while the request was in its running step: the request may be what kills it. */
    record Request(WorkerRef worker) implements Fault {}

    /** Nobody failed: the worker is about to end, and another goes on with what it has made. Not counted. */
    record Handover(WorkerRef from) implements Fault {}

    /** For people and metrics. */
    default String kind() {
        return switch (this) {
            case Infrastructure() -> "infrastructure";
            case Pair _ -> "pair";
            case Worker _ -> "worker";
            case Request _ -> "request";
            case Handover _ -> "handover";
        };
    }
}
