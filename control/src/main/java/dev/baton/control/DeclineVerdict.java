package dev.baton.control;

import dev.baton.control.routing.Fault;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.WorkerRef;

/** What a decline of an attempt without an executor means for the request. */
enum DeclineVerdict {
    /** Another worker has it and is about to say so. */
    WAIT,
    /** No worker began: the request goes out again, which says nothing about it. */
    NOT_BEGUN,
    /** The same, and the worker takes nothing more. */
    NOT_THERE,
    /** The worker failed over it. */
    FAILED;

    static DeclineVerdict of(Decline.Reason reason) {
        return switch (reason) {
            case TAKEN, REASON_UNSPECIFIED, UNRECOGNIZED -> WAIT;
            case EXPIRED, ABSENT, SUPERSEDED, STORE_UNAVAILABLE, OTHER_WORKER, NO_STREAM -> NOT_BEGUN;
            case DRAINING -> NOT_THERE;
            case DEAD_LETTER -> FAILED;
        };
    }

    Failure.Code code() {
        return this == FAILED ? Failure.Code.ENGINE_FAILED : Failure.Code.NO_CAPACITY;
    }

    /** To whom it is booked. */
    Fault fault(WorkerRef worker) {
        return this == FAILED ? new Fault.Worker(worker) : new Fault.Infrastructure();
    }

    /** Whether the next attempt goes to another worker. */
    boolean avoids() {
        return this == NOT_THERE || this == FAILED;
    }
}
