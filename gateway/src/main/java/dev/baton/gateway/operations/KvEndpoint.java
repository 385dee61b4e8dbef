package dev.baton.gateway.operations;

import dev.baton.gateway.dispatch.ClusterView;
import dev.baton.gateway.dispatch.RequestViews;
import dev.baton.gateway.dispatch.RequestViews.Hits;
import dev.baton.protocol.v1.WorkerState;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/**
 * {@code /actuator/kv}: who holds how much KV, and how well this gateway knows what lies in the caches. Whether a pool's
 * books are right, its worker says: {@code /actuator/pool}.
 */
@Endpoint(id = "kv")
public class KvEndpoint {
    private final ClusterView cluster;
    private final RequestViews requests;

    KvEndpoint(ClusterView cluster, RequestViews requests) {
        this.cluster = cluster;
        this.requests = requests;
    }

    /**
     * Of all workers.
     *
     * @param hits of requests answered at their first attempt, since this process' start
     */
    public record Kv(List<Pool> pools, Shares hits) {}

    /**
     * A worker's pool.
     *
     * @param freeBlocks that hold nothing, or what may be evicted
     * @param tokensInUse that the other blocks have room for
     * @param hits of prompts that were given to this worker first
     */
    public record Pool(String worker, int blockTokens, int blocks, int freeBlocks, long tokensInUse, Shares hits) {}

    /**
     * Prompt tokens that did not have to be computed.
     *
     * @param believed share of the prompts' tokens that was thought to be in the cache when the worker was chosen; null
     *     before there was a request
     * @param real share that was
     */
    public record Shares(
            long requests,
            long promptTokens,
            long believedTokens,
            long realTokens,
            @Nullable Double believed,
            @Nullable Double real) {
        static Shares of(Hits hits) {
            return new Shares(
                    hits.requests(),
                    hits.promptTokens(),
                    hits.expectedTokens(),
                    hits.cachedTokens(),
                    Answers.rounded(hits.expectedTokens() / (double) hits.promptTokens(), 4),
                    Answers.rounded(hits.cachedTokens() / (double) hits.promptTokens(), 4));
        }
    }

    @ReadOperation
    public Kv kv() {
        Map<String, Hits> hits = requests.hits();
        Hits none = new Hits(0, 0, 0, 0);
        List<Pool> pools = cluster.members().stream()
                .map(member -> pool(member.state(), hits.getOrDefault(member.id(), none)))
                .toList();
        Hits all = hits.values().stream()
                .reduce(
                        none,
                        (one, other) -> new Hits(
                                one.requests() + other.requests(),
                                one.promptTokens() + other.promptTokens(),
                                one.expectedTokens() + other.expectedTokens(),
                                one.cachedTokens() + other.cachedTokens()));
        return new Kv(pools, Shares.of(all));
    }

    private static Pool pool(WorkerState state, Hits hits) {
        long inUse = (long) (state.getBlocks() - state.getFreeBlocks()) * state.getBlockTokens();
        return new Pool(
                state.getWorker().getId(),
                state.getBlockTokens(),
                state.getBlocks(),
                state.getFreeBlocks(),
                inUse,
                Shares.of(hits));
    }
}
