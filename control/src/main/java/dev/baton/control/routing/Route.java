package dev.baton.control.routing;

import dev.baton.protocol.v1.WorkerRef;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where one attempt runs.
 *
 * @param prefill null when the decode worker computes the prompt itself
 */
public record Route(@Nullable Leg prefill, Leg decode) {
    /** A worker with its epoch, and the lane it holds. */
    public record Leg(WorkerRef worker, int lane) {}

    /** No prefill worker takes part. */
    public boolean computesAtDecode() {
        return prefill == null;
    }

    /** The worker that is given the job: it makes the first token. */
    public Leg first() {
        return prefill == null ? decode : prefill;
    }

    /** Whether the worker, with this epoch, is on the route. */
    public boolean involves(WorkerRef worker) {
        return decode.worker().equals(worker)
                || (prefill != null && prefill.worker().equals(worker));
    }

    /** All workers on the route. */
    public List<WorkerRef> workers() {
        return prefill == null ? List.of(decode.worker()) : List.of(prefill.worker(), decode.worker());
    }
}
