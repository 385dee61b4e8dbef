package dev.baton.cluster.requests;

import dev.baton.control.Phase;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.WorkerRef;
import java.util.Map;
import java.util.Optional;

/**
 * What Redis holds of a request.
 *
 * @param owner the gateway, in the life, that may raise and end it
 * @param executors who has claimed each phase of this attempt
 */
public record RequestState(Attempt attempt, Phase phase, GatewayRef owner, Map<Phase, WorkerRef> executors) {
    public RequestState {
        executors = Map.copyOf(executors);
    }

    /** Who executes the phase it is in; empty while it is not claimed. */
    public Optional<WorkerRef> executor() {
        return Optional.ofNullable(executors.get(phase));
    }
}
