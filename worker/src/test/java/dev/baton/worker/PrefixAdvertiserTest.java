package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cluster.directory.RedisKvDirectory;
import dev.baton.kv.BlockHash;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/** On a real Redis. */
@WithStack
@Timeout(60)
class PrefixAdvertiserTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final WorkerRef holder =
            WorkerRef.newBuilder().setId("decode-0").setEpoch(3).build();
    private final List<BlockHash> chain =
            Stream.generate(PrefixAdvertiserTest::hash).limit(4).toList();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private LettuceConnectionFactory connections;

    @BeforeEach
    void connect(TestStack stack) {
        connections = new LettuceConnectionFactory(
                stack.redis().getHost(), stack.redis().getPort());
        connections.afterPropertiesSet();
        connections.start();
    }

    @AfterEach
    void disconnect() {
        connections.destroy();
    }

    @Test
    void cachedBlocksAreListedAndEvictedOnesAreNot() throws Exception {
        RedisKvDirectory directory = directory(Duration.ofMinutes(1));
        try (PrefixAdvertiser advertiser = started(directory)) {
            advertiser.cached(chain);
            awaitHolders(directory, 4);
            advertiser.evicted(chain.subList(2, 4));
            awaitHolders(directory, 2);
            assertThat(advertiser.listed()).isEqualTo(2);
        }
        awaitHolders(directory, 0);
    }

    @Test
    void entriesOutliveTheirLeaseWhileTheBlocksAreCached() throws Exception {
        Duration lease = Duration.ofSeconds(3);
        RedisKvDirectory directory = directory(lease);
        try (PrefixAdvertiser advertiser = started(directory)) {
            advertiser.cached(chain);
            awaitHolders(directory, 4);
            long end = System.nanoTime() + lease.toNanos() * 3 / 2;
            while (System.nanoTime() < end) {
                assertThat(holders(directory)).hasSize(4);
            }
        }
    }

    @Test
    void whatRedisDoesNotTakeIsCounted() throws Exception {
        LettuceConnectionFactory nowhere = new LettuceConnectionFactory("127.0.0.1", 1);
        nowhere.afterPropertiesSet();
        nowhere.start();
        try (PrefixAdvertiser advertiser = started(new RedisKvDirectory(
                new ReactiveStringRedisTemplate(nowhere),
                new ClusterNames("baton"),
                1,
                Duration.ofMinutes(1),
                Duration.ofMillis(200)))) {
            advertiser.cached(chain);
            long end = System.nanoTime() + LIMIT.toNanos();
            while (meters.counter("baton.kv.directory.failures", "operation", "register")
                            .count()
                    < 4) {
                assertThat(System.nanoTime()).isLessThan(end);
            }
        } finally {
            nowhere.destroy();
        }
    }

    private PrefixAdvertiser started(RedisKvDirectory directory) {
        PrefixAdvertiser advertiser = new PrefixAdvertiser(directory, holder, new WorkerMetrics(meters));
        advertiser.start();
        return advertiser;
    }

    private RedisKvDirectory directory(Duration lease) {
        return new RedisKvDirectory(
                new ReactiveStringRedisTemplate(connections),
                new ClusterNames("baton"),
                ThreadLocalRandom.current().nextLong(),
                lease,
                LIMIT);
    }

    private void awaitHolders(RedisKvDirectory directory, int count) throws Exception {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (holders(directory).size() != count) {
            assertThat(System.nanoTime()).as("%d holders", count).isLessThan(end);
        }
    }

    private List<WorkerRef> holders(RedisKvDirectory directory) throws Exception {
        return directory.holders(chain).toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    private static BlockHash hash() {
        return new BlockHash(
                ThreadLocalRandom.current().nextLong(),
                ThreadLocalRandom.current().nextLong());
    }
}
