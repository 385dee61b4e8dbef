package dev.baton.cluster.requests;

import dev.baton.control.Phase;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/**
 * What Redis holds of a request, read as it is stored.
 *
 * @param owner the gateway, in the life, that may raise and end it
 * @param executors who has claimed each phase of this attempt
 */
record RecordedRequest(Attempt attempt, Phase phase, GatewayRef owner, Map<Phase, WorkerRef> executors) {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    RecordedRequest {
        executors = Map.copyOf(executors);
    }

    /** Who executes the phase it is in; empty while it is not claimed. */
    Optional<WorkerRef> executor() {
        return Optional.ofNullable(executors.get(phase));
    }

    static Optional<RecordedRequest> read(ReactiveStringRedisTemplate redis, ClusterNames names, String requestId) {
        return Objects.requireNonNull(redis.<String, String>opsForHash()
                .entries(names.key("req:" + requestId))
                .collectMap(Map.Entry::getKey, Map.Entry::getValue)
                .map(RecordedRequest::parse)
                .block(LIMIT));
    }

    private static Optional<RecordedRequest> parse(Map<String, String> fields) {
        String number = fields.get("number");
        String nonce = fields.get("nonce");
        String phase = fields.get("phase");
        String owner = fields.get("owner");
        if (number == null || nonce == null || phase == null || owner == null) {
            return Optional.empty();
        }
        Attempt attempt = Attempt.newBuilder()
                .setNumber(Integer.parseInt(number))
                .setNonce(HexFormat.fromHexDigitsToLong(nonce))
                .build();
        EnumMap<Phase, WorkerRef> executors = new EnumMap<>(Phase.class);
        for (Phase each : Phase.values()) {
            String executor = fields.get(each.name());
            if (executor != null) {
                executors.put(each, worker(executor));
            }
        }
        return Optional.of(new RecordedRequest(attempt, Phase.valueOf(phase), gateway(owner), executors));
    }

    private static WorkerRef worker(String life) {
        int bar = life.lastIndexOf('|');
        return WorkerRef.newBuilder()
                .setId(life.substring(0, bar))
                .setEpoch(HexFormat.fromHexDigitsToLong(life.substring(bar + 1)))
                .build();
    }

    private static GatewayRef gateway(String life) {
        int bar = life.lastIndexOf('|');
        return GatewayRef.newBuilder()
                .setId(life.substring(0, bar))
                .setEpoch(HexFormat.fromHexDigitsToLong(life.substring(bar + 1)))
                .build();
    }
}
