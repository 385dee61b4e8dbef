package dev.baton.gateway.dispatch;

import dev.baton.cluster.registry.WorkerRegistry;
import dev.baton.cluster.streams.TokenStreams;
import dev.baton.control.GenerationRequest;
import dev.baton.control.routing.Placement;
import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@link Placement} on the workers that the registry lists and whose token streams answer. Any thread. */
final class LivePlacement {
    private final Placement placement;
    private final WorkerRegistry registry;
    private final TokenStreams streams;

    LivePlacement(Placement placement, WorkerRegistry registry, TokenStreams streams) {
        this.placement = placement;
        this.registry = registry;
        this.streams = streams;
    }

    /** Tokens that the smallest of the live workers of the model can hold; 0 when no decode worker lives. */
    int maxContext(String model) {
        return Placement.maxContext(serving(model));
    }

    /** Workers of a role that answer; of any model when it is null. */
    int live(@Nullable String model, WorkerState.Role role) {
        return (int) registry.workers().stream()
                .filter(state -> state.getRole() == role)
                .filter(state -> model == null || state.getModel().equals(model))
                .filter(state -> streams.live(state.getWorker()))
                .count();
    }

    /** Names of the prompt's full blocks; empty while no worker tells the size of its blocks. */
    List<BlockHash> chain(GenerationRequest request) {
        return placement.chain(serving(request.model()), request.tenantSalt().toByteArray(), request.prompt());
    }

    /**
     * Workers for the next attempt; empty when no live decode worker serves the model.
     *
     * @param chain of the request's prompt
     * @param accepted tokens that it has already
     * @param left a worker that is gone, whose host may still hold the KV of those tokens; null for none
     */
    Optional<Placement.Assignment> place(
            GenerationRequest request,
            List<BlockHash> chain,
            int accepted,
            Set<WorkerRef> avoid,
            @Nullable WorkerRef left) {
        return placement.place(
                serving(request.model()),
                request.model(),
                chain,
                request.prompt().length + accepted,
                request.maxTokens() - accepted,
                avoid,
                left);
    }

    /** The first token is there, or will never be: its prompt waits no more. */
    void answered(Placement.Assignment assignment) {
        placement.answered(assignment);
    }

    /** The attempt is over. {@link #answered} is called separately. */
    void release(Placement.Assignment assignment) {
        placement.release(assignment);
    }

    private List<WorkerState> serving(String model) {
        return registry.workers().stream()
                .filter(state -> state.getModel().equals(model))
                .filter(state -> streams.live(state.getWorker()))
                .toList();
    }
}
