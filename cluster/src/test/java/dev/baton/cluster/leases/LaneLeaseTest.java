package dev.baton.cluster.leases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.redis.TestRedis;
import dev.baton.config.RegistryProperties;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.stack.Ports;
import dev.baton.stack.RedisProcess;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@WithStack
class LaneLeaseTest {
    private static final ClusterNames NAMES = new ClusterNames("baton");
    private static final Duration LONG = Duration.ofSeconds(15);
    private static final Duration TTL = Duration.ofMillis(600);

    private final String topic = "topic-" + UUID.randomUUID();
    private TestRedis redis;
    private LaneLeases leases;

    static RegistryProperties settings(Duration leaseTtl) {
        return new RegistryProperties(
                TTL,
                Duration.ofMillis(50),
                Duration.ofMillis(20),
                leaseTtl,
                Duration.ofMillis(50),
                LONG,
                Duration.ofSeconds(5));
    }

    @BeforeEach
    void connect(TestStack stack) {
        redis = new TestRedis(stack.redis());
        leases = new LaneLeases(redis.template(), NAMES, settings(LONG));
    }

    @AfterEach
    void disconnect() {
        redis.close();
    }

    @Test
    void isHeldByOneWorkerAtATime() throws Exception {
        try (LaneLease one = leases.take(topic, 2, worker("a", 1), null, LONG);
                LaneLease other = leases.take(topic, 2, worker("b", 1), null, LONG)) {
            assertThat(List.of(one.lane(), other.lane())).containsExactlyInAnyOrder(0, 1);
            assertThatThrownBy(() -> leases.take(topic, 2, worker("c", 1), null, Duration.ofMillis(100)))
                    .isInstanceOf(LaneUnavailableException.class)
                    .hasMessageContaining("baton.lanes.count");
        }
    }

    @Test
    void isFreeForAnotherOnceItIsGivenBack() throws Exception {
        LaneLease first = leases.take(topic, 1, worker("a", 1), 0, LONG);
        first.close();
        assertThat(first.held()).isFalse();
        try (LaneLease second = leases.take(topic, 1, worker("b", 1), 0, LONG)) {
            assertThat(second.held()).isTrue();
        }
    }

    @Test
    void bringsARestartedWorkerBackToItsLaneOnceTheOldLeaseEnds() throws Exception {
        LaneLeases brief = new LaneLeases(redis.template(), NAMES, settings(TTL));
        // The dead life: a lease taken and never renewed again.
        String key = "baton:lane:{" + topic + ":2}";
        redis.template().opsForValue().set(key, "a|0000000000000001", TTL).block(LONG);
        redis.template().opsForValue().set(key + ":last", "a").block(LONG);

        try (LaneLease again = brief.take(topic, 4, worker("a", 2), null, LONG)) {
            assertThat(again.lane()).isEqualTo(2);
            assertThat(again.held()).isTrue();
        }
    }

    @Test
    void staysHeldWhileItIsRenewed() throws Exception {
        LaneLeases brief = new LaneLeases(redis.template(), NAMES, settings(TTL));
        try (LaneLease lease = brief.take(topic, 1, worker("a", 1), null, LONG)) {
            long start = System.nanoTime();
            await().atMost(LONG).pollInterval(Duration.ofMillis(20)).until(() -> {
                assertThat(lease.held()).isTrue();
                return System.nanoTime() - start > 2 * TTL.toNanos();
            });
        }
    }

    @Test
    void endsByItsOwnClockWhenRedisIsGone(@TempDir Path folder) throws Exception {
        RedisProcess.Settings settings = new RedisProcess.Settings(
                Ports.free(1).getFirst(), folder, folder.resolve("redis.log"), null, Duration.ofSeconds(30));
        RedisProcess process = RedisProcess.start(settings);
        try (TestRedis own = new TestRedis(process.url());
                LaneLease lease = new LaneLeases(own.template(), NAMES, settings(TTL))
                        .take(topic, 1, worker("a", 1), null, LONG)) {
            assertThat(lease.held()).isTrue();
            process.kill();
            assertThat(process.child().alive()).as("fault not applied").isFalse();
            await().atMost(TTL.multipliedBy(4)).until(() -> !lease.held());
        }
    }

    @Test
    void endsWhenRedisGivesTheLaneToAnother() throws Exception {
        try (LaneLease lease = leases.take(topic, 1, worker("a", 1), null, LONG)) {
            redis.template()
                    .opsForValue()
                    .set("baton:lane:{" + topic + ":0}", "b|0000000000000001")
                    .block(LONG);
            await().atMost(LONG).until(() -> !lease.held());
        }
    }

    private static WorkerRef worker(String id, long epoch) {
        return WorkerRef.newBuilder().setId(id).setEpoch(epoch).build();
    }
}
