package dev.baton.control.routing;

import dev.baton.protocol.v1.WorkerState;

/**
 * A worker as one gateway sees it: what it says of itself, which may be a heartbeat old, and what this gateway has
 * sent there since.
 *
 * @param live its token stream answers; false also while it is only suspect
 * @param routedTokens prompt tokens this gateway has sent there that no first token has answered
 * @param routedRequests requests of this gateway whose route it is on
 */
public record WorkerView(WorkerState state, boolean live, int routedTokens, int routedRequests) {
    String id() {
        return state.getWorker().getId();
    }

    Route.Leg leg() {
        return new Route.Leg(state.getWorker(), state.getLane());
    }

    boolean takesWork(String model) {
        return live && !state.getDraining() && state.getModel().equals(model);
    }

    /** Prompt tokens in front of a new one: the larger of both counts, since it is unknown how far they overlap. */
    int queuedTokens() {
        return Math.max(state.getQueuedTokens(), routedTokens);
    }

    /** Sequences that share its steps. */
    int sequences() {
        return Math.max(state.getQueued() + state.getRunning(), routedRequests);
    }
}
