package dev.baton.cluster.leases;

import dev.baton.cluster.redis.RedisFutures;
import dev.baton.cluster.redis.RedisScripts;
import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.config.RegistryProperties;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/**
 * Leases of lanes in Redis. Per lane: {@code <cluster>:lane:{<topic>:<lane>}} = holder, with the lease's TTL; {@code
 * …:last}, the worker that held it last, so that a restarted worker finds back to
 * the lane where its jobs lie.
 */
public final class LaneLeases {
    private static final Logger LOG = LoggerFactory.getLogger(LaneLeases.class);
    private static final Script TAKE = Script.read(LaneLeases.class, "take.lua");
    private static final Script RENEW = Script.read(LaneLeases.class, "renew.lua");
    private static final Script RELEASE = Script.read(LaneLeases.class, "release.lua");
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final ReactiveStringRedisTemplate redis;
    private final RedisScripts scripts;
    private final ClusterNames names;
    private final RegistryProperties settings;

    public LaneLeases(ReactiveStringRedisTemplate redis, ClusterNames names, RegistryProperties settings) {
        this.redis = redis;
        this.scripts = new RedisScripts(redis, settings.timeout());
        this.names = names;
        this.settings = settings;
    }

    /**
     * Waits for a lane: the one wanted, else the one this worker held in an earlier life as soon as that lease ends,
     * else any that is free and has never been held, else any that is free.
     *
     * @param wanted null: any
     * @throws LaneUnavailableException none was to be had within {@code limit}
     */
    public LaneLease take(String topic, int lanes, WorkerRef worker, @Nullable Integer wanted, Duration limit)
            throws InterruptedException {
        if (wanted != null && wanted >= lanes) {
            throw new IllegalArgumentException("baton.worker.lane is " + wanted + "; with baton.lanes.count=" + lanes
                    + " lanes are 0 to " + (lanes - 1));
        }
        long end = System.nanoTime() + limit.toNanos();
        String why = "all are held";
        while (true) {
            try {
                Optional<LaneLease> taken =
                        wanted != null ? tryLane(topic, wanted, worker, "") : tryAny(topic, lanes, worker);
                if (taken.isPresent()) {
                    return taken.get();
                }
            } catch (CompletionException e) {
                why = "Redis does not answer (spring.data.redis.*): " + e.getCause();
                LOG.debug("A lane of {} cannot be taken yet", topic, e);
            }
            if (System.nanoTime() > end) {
                throw new LaneUnavailableException("No lane of " + topic + " for " + worker.getId() + " within " + limit
                        + (wanted == null ? "" : " (lane " + wanted + " wanted)") + ": " + why
                        + ". Every worker needs a lane of its own: raise baton.lanes.count, or end a worker.");
            }
            Thread.sleep(PAUSE);
        }
    }

    CompletionStage<Boolean> renew(String key, String holder) {
        return scripts.run(RENEW, key, holder, ttl()).thenApply("1"::equals);
    }

    CompletionStage<Boolean> release(String key, String holder) {
        return scripts.run(RELEASE, key, holder).thenApply("1"::equals);
    }

    RegistryProperties settings() {
        return settings;
    }

    private Optional<LaneLease> tryAny(String topic, int lanes, WorkerRef worker) {
        List<String> keys = IntStream.range(0, lanes)
                .mapToObj(lane -> key(topic, lane) + ":last")
                .toList();
        List<String> last = RedisFutures.within(
                        settings.timeout(), redis.opsForValue().multiGet(keys))
                .toCompletableFuture()
                .join();
        if (last.contains(worker.getId())) {
            return tryLane(topic, last.indexOf(worker.getId()), worker, "");
        }
        for (String mode : List.of("unused", "")) {
            for (int lane = 0; lane < lanes; lane++) {
                Optional<LaneLease> taken = tryLane(topic, lane, worker, mode);
                if (taken.isPresent()) {
                    return taken;
                }
            }
        }
        return Optional.empty();
    }

    private Optional<LaneLease> tryLane(String topic, int lane, WorkerRef worker, String mode) {
        String key = key(topic, lane);
        String holder = worker.getId() + "|" + HexFormat.of().toHexDigits(worker.getEpoch());
        long asked = System.nanoTime();
        boolean taken = scripts.run(TAKE, List.of(key, key + ":last"), holder, worker.getId(), ttl(), mode)
                .thenApply("1"::equals)
                .toCompletableFuture()
                .join();
        return taken
                ? Optional.of(new LaneLease(this, new LaneLease.Term(topic, lane, key, holder), asked))
                : Optional.empty();
    }

    private String ttl() {
        return Long.toString(settings.leaseTtl().toMillis());
    }

    private String key(String topic, int lane) {
        return names.key("lane:{" + topic + ":" + lane + "}");
    }
}
