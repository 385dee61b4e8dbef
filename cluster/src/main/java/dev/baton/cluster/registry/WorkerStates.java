package dev.baton.cluster.registry;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.baton.cluster.redis.RedisFutures;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import reactor.core.publisher.Mono;

/**
 * Worker states in Redis: {@code baton:worker:<id>} with a short TTL, and {@code baton:workers}, the set of ids that
 * have ever been told, so that a list is one MGET and never a scan.
 */
public final class WorkerStates {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerStates.class);
    private static final String IDS = "baton:workers";

    private final ReactiveStringRedisTemplate redis;
    private final Duration timeout;

    public WorkerStates(ReactiveStringRedisTemplate redis, Duration timeout) {
        this.redis = redis;
        this.timeout = timeout;
    }

    /** Tells a state that ends by itself after {@code ttl}. True once Redis has it. */
    public CompletionStage<Boolean> put(WorkerState state, Duration ttl) {
        String id = state.getWorker().getId();
        String value = Base64.getEncoder().encodeToString(state.toByteArray());
        return RedisFutures.within(
                timeout,
                Mono.when(
                                redis.opsForValue().set(key(id), value, ttl),
                                redis.opsForSet().add(IDS, id))
                        .thenReturn(true));
    }

    /** Takes a state back. True once Redis has forgotten it. */
    public CompletionStage<Boolean> remove(String workerId) {
        return RedisFutures.within(
                timeout,
                Mono.when(redis.delete(key(workerId)), redis.opsForSet().remove(IDS, workerId))
                        .thenReturn(true));
    }

    /** All that have told their state and have not let it end. */
    public CompletionStage<List<WorkerState>> list() {
        return RedisFutures.within(
                timeout,
                redis.opsForSet()
                        .members(IDS)
                        .collectList()
                        .flatMap(ids -> ids.isEmpty() ? Mono.just(List.<WorkerState>of()) : states(ids)));
    }

    private Mono<List<WorkerState>> states(List<String> ids) {
        return redis.opsForValue()
                .multiGet(ids.stream().map(WorkerStates::key).toList())
                .map(values -> {
                    List<WorkerState> states = new ArrayList<>();
                    values.stream().filter(Objects::nonNull).forEach(value -> parse(value, states));
                    return List.copyOf(states);
                });
    }

    private static void parse(String value, List<WorkerState> states) {
        try {
            states.add(WorkerState.parseFrom(Base64.getDecoder().decode(value)));
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            LOG.warn("A worker's state in Redis cannot be read; another version may have written it", e);
        }
    }

    private static String key(String id) {
        return "baton:worker:" + id;
    }
}
