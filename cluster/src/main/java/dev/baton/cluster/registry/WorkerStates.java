package dev.baton.cluster.registry;

import dev.baton.cluster.redis.RedisFutures;
import dev.baton.config.ClusterProperties;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.UntrustedName;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import reactor.core.publisher.Mono;

/**
 * Worker states in Redis: {@code <cluster>:worker:<id>} with a short TTL, and {@code <cluster>:workers}, the set of ids that
 * have ever been told, so that a list is one MGET and never a scan. Each state is signed with the cluster's secret:
 * whoever can write to Redis and does not hold the secret makes nobody dial an address.
 */
public final class WorkerStates {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerStates.class);
    private static final int MOST_REMEMBERED = 256;

    private final ReactiveStringRedisTemplate redis;
    private final Duration timeout;
    private final ClusterNames names;
    private final String ids;
    private final SignedEntries entries;
    private final RegistryMetrics metrics;
    /** Ids whose entry is refused at present: each is logged once. */
    private final Set<String> refused = ConcurrentHashMap.newKeySet();

    public WorkerStates(
            ReactiveStringRedisTemplate redis, Duration timeout, ClusterProperties cluster, RegistryMetrics metrics) {
        this.redis = redis;
        this.timeout = timeout;
        this.names = cluster.names();
        this.ids = names.key("workers");
        this.entries = new SignedEntries(cluster);
        this.metrics = metrics;
    }

    /** Tells a state that ends by itself after {@code ttl}. True once Redis has it. */
    public CompletionStage<Boolean> put(WorkerState state, Duration ttl) {
        String id = state.getWorker().getId();
        String value = Base64.getEncoder().encodeToString(entries.sign(state).toByteArray());
        return RedisFutures.within(
                timeout,
                Mono.when(
                                redis.opsForValue().set(key(id), value, ttl),
                                redis.opsForSet().add(ids, id))
                        .thenReturn(true));
    }

    /** Takes a state back. True once Redis has forgotten it. */
    public CompletionStage<Boolean> remove(String workerId) {
        return RedisFutures.within(
                timeout,
                Mono.when(redis.delete(key(workerId)), redis.opsForSet().remove(ids, workerId))
                        .thenReturn(true));
    }

    /** All that have told their state and have not let it end. */
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
                .map(values -> {
                    List<WorkerState> states = new ArrayList<>();
                    for (int i = 0; i < values.size(); i++) {
                        String value = values.get(i);
                        if (value != null) {
                            read(ids.get(i), value).ifPresent(states::add);
                        }
                    }
                    return List.copyOf(states);
                });
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
                        "The entry of worker {} in Redis is not believed and nobody dials it: {}",
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
