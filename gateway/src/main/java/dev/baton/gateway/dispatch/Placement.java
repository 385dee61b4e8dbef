package dev.baton.gateway.dispatch;

import dev.baton.cluster.registry.WorkerRegistry;
import dev.baton.cluster.streams.TokenStreams;
import dev.baton.control.routing.Route;
import dev.baton.control.routing.Router;
import dev.baton.control.routing.RoutingQuery;
import dev.baton.control.routing.WorkerView;
import dev.baton.kv.BlockHash;
import dev.baton.kv.PrefixHasher;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Chooses workers from what the registry lists, what answers, and what this gateway has sent since. Any thread. */
final class Placement {
    private static final int AFFINITY_BLOCKS = 1 << 17;

    private final Router router;
    private final WorkerRegistry registry;
    private final TokenStreams streams;
    private final WorkerLoads loads = new WorkerLoads();
    private final AtomicInteger turn = new AtomicInteger();
    private volatile PrefixAffinity affinity = new PrefixAffinity(1, 0);
    private volatile int affinityBlockTokens = 1;

    Placement(Router router, WorkerRegistry registry, TokenStreams streams) {
        this.router = router;
        this.registry = registry;
        this.streams = streams;
    }

    /** What is to be placed; {@code chain} names the full blocks of its prompt. */
    record Wanted(String model, List<BlockHash> chain, int tokens, int newTokens, Set<WorkerRef> avoid) {}

    /** A route and what it was charged with: give it back with {@link #release}. */
    record Placed(Route route, long modelFingerprint, int uncached) {}

    /** Tokens that the smallest of the live workers of the model can hold; 0 when no decode worker lives. */
    int maxContext(String model) {
        List<WorkerState> able = able(model);
        boolean decodes = able.stream().anyMatch(state -> state.getRole() == WorkerState.Role.DECODE);
        return decodes
                ? able.stream().mapToInt(WorkerState::getMaxContext).min().orElse(0)
                : 0;
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
    List<BlockHash> chain(GenerationRequest submission) {
        return able(submission.model()).stream()
                .filter(state -> state.getBlockTokens() > 0)
                .findFirst()
                .map(state -> {
                    sized(state.getBlockTokens());
                    return new PrefixHasher(
                                    salt(submission.tenant()), state.getModelFingerprint(), state.getBlockTokens())
                            .chain(submission.prompt());
                })
                .orElse(List.of());
    }

    Optional<Placed> place(Wanted wanted) {
        List<WorkerState> able = able(wanted.model());
        Map<String, Integer> cached =
                affinity.cached(able.stream().map(WorkerState::getWorker).toList(), wanted.chain());
        RoutingQuery query =
                new RoutingQuery(wanted.model(), wanted.tokens(), wanted.newTokens(), cached, wanted.avoid());
        return router.choose(query, views(able, WorkerState.Role.PREFILL), views(able, WorkerState.Role.DECODE))
                .map(route -> charge(route, able, wanted, cached));
    }

    /** The first token is there, or will never be: its prompt waits no more. */
    void answered(Placed placed) {
        loads.add(placed.route().first().worker(), -placed.uncached(), 0);
    }

    /** The attempt is over. {@link #answered} is told apart. */
    void release(Placed placed) {
        placed.route().workers().forEach(worker -> loads.add(worker, 0, -1));
    }

    /** Bytes that keep one tenant's cached blocks from another's. */
    static byte[] salt(String tenant) {
        return ("baton/tenant/" + tenant).getBytes(StandardCharsets.UTF_8);
    }

    private Placed charge(Route route, List<WorkerState> able, Wanted wanted, Map<String, Integer> cached) {
        String first = route.first().worker().getId();
        int uncached = Math.max(1, wanted.tokens() - cached.getOrDefault(first, 0));
        loads.add(route.first().worker(), uncached, 0);
        for (WorkerRef worker : route.workers()) {
            loads.add(worker, 0, 1);
            affinity.note(worker, wanted.chain());
        }
        long fingerprint = able.stream()
                .filter(state -> state.getWorker().equals(route.decode().worker()))
                .mapToLong(WorkerState::getModelFingerprint)
                .findFirst()
                .orElse(0);
        return new Placed(route, fingerprint, uncached);
    }

    private List<WorkerState> able(String model) {
        return registry.workers().stream()
                .filter(state -> state.getModel().equals(model))
                .filter(state -> streams.live(state.getWorker()))
                .toList();
    }

    /** Rotated, so that equal costs do not all fall on the first. */
    private List<WorkerView> views(List<WorkerState> able, WorkerState.Role role) {
        List<WorkerView> views = new ArrayList<>();
        for (WorkerState state : able) {
            if (state.getRole() == role) {
                WorkerLoads.Load load = loads.of(state.getWorker());
                views.add(new WorkerView(state, true, load.tokens(), load.requests()));
            }
        }
        Collections.rotate(views, turn.getAndIncrement());
        return views;
    }

    private void sized(int blockTokens) {
        if (affinityBlockTokens != blockTokens) {
            affinityBlockTokens = blockTokens;
            affinity = new PrefixAffinity(blockTokens, AFFINITY_BLOCKS);
        }
    }
}
