package dev.baton.cluster.registry;

import dev.baton.cluster.redis.RedisFutures;
import dev.baton.cluster.redis.RedisScripts;
import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.config.ClusterProperties;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.UntrustedName;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import reactor.core.publisher.Mono;

/**
 * Worker states in Redis: {@code <cluster>:worker:<id>} = {@code epoch|state} with a short TTL, and {@code
 * <cluster>:workers}, the set of ids, so that a list is one MGET and never a scan. Writes compare the epoch. Each state is signed with the cluster's secret:
 * who can write to Redis and does not hold the secret makes no gateway dial an address.
 */
public final class WorkerStates {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerStates.class);
    private static final int MOST_REMEMBERED = 256;
    private static final Duration LIST_AGAIN = Duration.ofSeconds(5);

    private static final Script PUT = Script.read(WorkerStates.class, "put.lua");
    private static final Script REMOVE = Script.read(WorkerStates.class, "remove.lua");

    private final ReactiveStringRedisTemplate redis;
    private final RedisScripts scripts;
    private final Duration timeout;
    private final ClusterNames names;
    private final String ids;
    private final SignedEntries entries;
    private final RegistryMetrics metrics;
    /** Ids whose entry is refused at present: each is logged once. */
    private final Set<String> refused = ConcurrentHashMap.newKeySet();
    /** When the list was last told each worker that this process tells, by {@link System#nanoTime}. */
    private final Map<WorkerRef, Long> listedAt = new ConcurrentHashMap<>();

    public WorkerStates(
            ReactiveStringRedisTemplate redis, Duration timeout, ClusterProperties cluster, RegistryMetrics metrics) {
        this.redis = redis;
        this.scripts = new RedisScripts(redis, timeout);
        this.timeout = timeout;
        this.names = cluster.names();
        this.ids = names.key("workers");
        this.entries = new SignedEntries(cluster);
        this.metrics = metrics;
    }

    /**
     * Tells a state that ends by itself after {@code ttl}. True once Redis has it; false while another life of the same id
     * keeps its own there, since two that take turns would have requests sent to either.
     */
    public CompletionStage<Boolean> put(WorkerState state, Duration ttl) {
        WorkerRef worker = state.getWorker();
        String value = Base64.getEncoder().encodeToString(entries.sign(state).toByteArray());
        return scripts.run(PUT, key(worker.getId()), SignedEntries.epoch(worker), value, Long.toString(ttl.toMillis()))
                .thenCompose(told -> switch (told) {
                    case "0" -> CompletableFuture.completedStage(false);
                    case "1" -> enlist(worker, false);
                    default -> enlist(worker, true);
                });
    }

    /**
     * A list names it: told when its entry is new and once more with the next state, since whoever saw the entry before end may
     * be about to take the name off the list; then now and then, should the list have lost it.
     */
    private CompletionStage<Boolean> enlist(WorkerRef worker, boolean fresh) {
        long now = System.nanoTime();
        Long before = fresh ? null : listedAt.get(worker);
        if (before != null && now - before < LIST_AGAIN.toNanos()) {
            return CompletableFuture.completedStage(true);
        }
        listedAt.remove(worker);
        return RedisFutures.within(
                        timeout, redis.opsForSet().add(ids, worker.getId()).thenReturn(true))
                .thenApply(listed -> {
                    if (!fresh) {
                        listedAt.put(worker, now);
                    }
                    return listed;
                });
    }

    /** Takes back what this life has told. True when there was something of it. */
    public CompletionStage<Boolean> remove(WorkerRef worker) {
        listedAt.remove(worker);
        return scripts.run(REMOVE, key(worker.getId()), SignedEntries.epoch(worker))
                .thenApply("1"::equals);
    }

    /** All whose state has been written and has not expired. */
    public CompletionStage<List<WorkerState>> list() {
        return RedisFutures.within(
                timeout,
                redis.opsForSet()
                        .members(ids)
                        .collectList()
                        .flatMap(told -> told.isEmpty() ? Mono.just(List.<WorkerState>of()) : states(told)));
    }

    private Mono<List<WorkerState>> states(List<String> ids) {
        return redis.opsForValue()
                .multiGet(ids.stream().map(this::key).toList())
                .flatMap(values -> {
                    List<WorkerState> states = new ArrayList<>();
                    List<String> gone = new ArrayList<>();
                    for (int i = 0; i < values.size(); i++) {
                        String value = values.get(i);
                        if (value != null) {
                            read(ids.get(i), value).ifPresent(states::add);
                        } else {
                            gone.add(ids.get(i));
                        }
                    }
                    return forget(gone).thenReturn(List.copyOf(states));
                });
    }

    /** Ids whose entry has ended. One that comes back meanwhile is told again with its next state. */
    private Mono<?> forget(List<String> gone) {
        gone.forEach(refused::remove);
        return gone.isEmpty()
                ? Mono.empty()
                : redis.opsForSet().remove(ids, gone.toArray()).onErrorComplete();
    }

    private Optional<WorkerState> read(String id, String value) {
        SignedEntries.Read read = entries.read(id, value);
        if (read instanceof SignedEntries.Read.Proved(WorkerState state)) {
            refused.remove(id);
            return Optional.of(state);
        }
        if (read instanceof SignedEntries.Read.Refused(SignedEntries.Reason reason)) {
            metrics.refused(reason);
            if (refused.size() < MOST_REMEMBERED && refused.add(id)) {
                LOG.warn(
                        "The entry of worker {} in Redis is not believed and not dialled: {}",
                        UntrustedName.printable(id),
                        reason.message());
            }
        }
        return Optional.empty();
    }

    private String key(String id) {
        return names.key("worker:" + id);
    }
}
