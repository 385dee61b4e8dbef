package dev.baton.gateway.dispatch;

import dev.baton.cluster.registry.WorkerRegistry;
import dev.baton.cluster.streams.TokenStreams;
import dev.baton.protocol.v1.WorkerState;
import java.util.List;

/** The workers that the registry lists and whose token streams answer. Any thread. */
record LiveWorkers(WorkerRegistry registry, TokenStreams streams) {
    List<WorkerState> of(String model) {
        return all().stream().filter(state -> state.getModel().equals(model)).toList();
    }

    List<WorkerState> all() {
        return registry.workers().stream()
                .filter(state -> streams.live(state.getWorker()))
                .toList();
    }
}
