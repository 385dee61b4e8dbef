package dev.baton.gateway.dispatch;

import dev.baton.cluster.streams.TokenStreams;
import dev.baton.protocol.v1.WorkerState;
import java.util.List;

/** The workers whose token streams answer. Any thread. */
record LiveWorkers(TokenStreams streams) {
    List<WorkerState> of(String model) {
        return all().stream().filter(state -> state.getModel().equals(model)).toList();
    }

    List<WorkerState> all() {
        return streams.workers();
    }
}
