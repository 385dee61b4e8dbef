package dev.baton.control;

import dev.baton.control.routing.Fault;
import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.WorkerRef;
import org.jspecify.annotations.Nullable;

/**
 * What a worker's failure says, and of whom.
 *
 * @param avoids whether the request goes to that worker no more
 */
record FailureVerdict(Fault fault, boolean avoids) {
    static FailureVerdict of(Failure.Code code, WorkerRef worker, @Nullable Route route) {
        return switch (code) {
            case TRANSFER_FAILED -> transfer(worker, route);
            case KV_NOT_FOUND -> new FailureVerdict(new Fault.Infrastructure(), false);
            case CANCELLED, SUPERSEDED, SHUTTING_DOWN, UNKNOWN_REQUEST ->
                new FailureVerdict(new Fault.Infrastructure(), true);
            case CODE_UNSPECIFIED,
                    DEADLINE_EXCEEDED,
                    NO_CAPACITY,
                    MODEL_MISMATCH,
                    BAD_REQUEST,
                    ENGINE_FAILED,
                    UNRECOGNIZED -> new FailureVerdict(new Fault.Worker(worker), true);
        };
    }

    /** A decode worker cannot get the KV, or a prefill worker cannot publish the handoff. */
    private static FailureVerdict transfer(WorkerRef worker, @Nullable Route route) {
        if (route == null || route.prefill() == null) {
            return new FailureVerdict(new Fault.Worker(worker), true);
        }
        WorkerRef prefill = route.prefill().worker();
        Fault fault = worker.equals(prefill)
                ? new Fault.Infrastructure()
                : new Fault.Pair(prefill, route.decode().worker());
        return new FailureVerdict(fault, false);
    }
}
