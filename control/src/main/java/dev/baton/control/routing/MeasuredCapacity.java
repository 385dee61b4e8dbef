package dev.baton.control.routing;

import dev.baton.control.admission.Capacity;
import dev.baton.protocol.v1.WorkerState;
import java.util.List;

/** Adds up what workers say of themselves, and what this gateway has sent them since. */
final class MeasuredCapacity {
    private MeasuredCapacity() {}

    /**
     * @param tokens of a sequence, for whose like a worker has places
     * @param later whether it is work for later: else it neither waits for such work nor for its places
     */
    static Capacity of(List<Router.Worker> prefill, List<Router.Worker> decode, int tokens, boolean later) {
        List<Router.Worker> computing = prefill.isEmpty() ? decode : prefill;
        boolean known = decode.stream().allMatch(worker -> worker.state().getPlaces() > 0);
        return new Capacity(
                computing.stream()
                        .mapToDouble(worker -> worker.state().getPrefillTokensPerSecond())
                        .sum(),
                computing.size(),
                decode.stream()
                        .mapToDouble(worker -> worker.state().getDecodeTokensPerSecond())
                        .sum(),
                known
                        ? decode.stream()
                                .mapToInt(worker -> places(worker, tokens))
                                .sum()
                        : 0,
                decode.stream()
                        .mapToInt(later ? Router.Worker::sequences : Router.Worker::urgentSequences)
                        .sum(),
                decode.stream()
                        .mapToInt(later ? Router.Worker::routedRequests : Router.Worker::urgentRequests)
                        .sum(),
                computing.stream()
                        .mapToLong(later ? Router.Worker::queuedTokens : Router.Worker::urgentTokens)
                        .sum(),
                !prefill.isEmpty());
    }

    /** Sequences that it runs, and those that its free blocks have room for. */
    private static int places(Router.Worker worker, int tokens) {
        WorkerState state = worker.state();
        int blocks = Math.ceilDiv(Math.max(1, tokens), Math.max(1, state.getBlockTokens()));
        long fit = (long) state.getRunning() + state.getFreeBlocks() / blocks;
        return (int) Math.min(Integer.toUnsignedLong(state.getPlaces()), fit);
    }
}
