package dev.baton.cluster.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.baton.cluster.redis.TestRedis;
import dev.baton.config.ClusterProperties;
import dev.baton.config.RegistryProperties;
import dev.baton.protocol.v1.SignedWorkerState;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.Ports;
import dev.baton.stack.RedisProcess;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@WithStack
class WorkerRegistryTest {
    private static final Duration LONG = Duration.ofSeconds(15);
    private static final Duration TTL = Duration.ofMillis(600);
    private static final RegistryProperties SETTINGS = new RegistryProperties(
            TTL, Duration.ofMillis(50), Duration.ofMillis(20), TTL, Duration.ofMillis(50), LONG, Duration.ofSeconds(5));

    private static final ClusterProperties CLUSTER = new ClusterProperties("baton", "the secret of this cluster", null);

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private TestRedis redis;

    @BeforeEach
    void connect(TestStack stack) {
        redis = new TestRedis(stack.redis());
    }

    @AfterEach
    void disconnect() {
        redis.close();
    }

    @Test
    void listsWorkersWhileTheyTellTheirState() throws Exception {
        WorkerStates states = states(redis);
        String id = "w-" + UUID.randomUUID();
        WorkerState state = WorkerState.newBuilder()
                .setWorker(worker(id, 3))
                .setLane(5)
                .setCluster("baton")
                .build();
        try (WorkerRegistry registry = new WorkerRegistry(states, SETTINGS)) {
            try (HeartbeatPublisher heartbeat = new HeartbeatPublisher(states, SETTINGS, () -> state, () -> {})) {
                await().atMost(LONG).until(() -> registry.workers().contains(state));
                heartbeat.publishSoon();
            }
            await().atMost(LONG).until(() -> !registry.workers().contains(state));
            states.put(state, Duration.ofMillis(60)).toCompletableFuture().join();
            await().atMost(LONG)
                    .until(() ->
                            !registry.refresh().toCompletableFuture().join().contains(state));
        }
    }

    @Test
    void oneLifeOfAnIdIsListedUntilItLetsItsEntryEnd() {
        WorkerStates states = states(redis);
        String id = "w-" + UUID.randomUUID();
        WorkerState first = life(id, 3);
        WorkerState second = life(id, 4);
        assertThat(states.put(first, TTL).toCompletableFuture().join()).isTrue();
        assertThat(states.put(second, TTL).toCompletableFuture().join()).isFalse();
        assertThat(states.remove(second.getWorker()).toCompletableFuture().join())
                .isFalse();
        assertThat(listed(states, id)).containsExactly(first);

        // It is frozen, and its entry ends.
        await().atMost(LONG)
                .until(() -> states.put(second, LONG).toCompletableFuture().join());
        assertThat(states.put(first, TTL).toCompletableFuture().join())
                .as("the older life does not flicker in")
                .isFalse();
        assertThat(states.remove(first.getWorker()).toCompletableFuture().join())
                .isFalse();
        assertThat(listed(states, id)).containsExactly(second);
    }

    @Test
    void aWorkerWhoseIdAnotherHasIsToldSoAndOneThatFollowsIsNot() throws Exception {
        WorkerStates states = states(redis);
        String id = "w-" + UUID.randomUUID();
        List<String> told = new CopyOnWriteArrayList<>();
        try (HeartbeatPublisher first =
                new HeartbeatPublisher(states, SETTINGS, () -> life(id, 3), () -> told.add("first"))) {
            await().atMost(LONG).until(() -> !listed(states, id).isEmpty());
            try (HeartbeatPublisher second =
                    new HeartbeatPublisher(states, SETTINGS, () -> life(id, 4), () -> told.add("second"))) {
                await().atMost(LONG).until(() -> told.contains("second"));
                second.publishSoon();
            }
            first.publishSoon();
            assertThat(listed(states, id)).containsExactly(life(id, 3));
        }
        assertThat(told).doesNotContain("first");
        try (HeartbeatPublisher third =
                new HeartbeatPublisher(states, SETTINGS, () -> life(id, 5), () -> told.add("third"))) {
            await().atMost(LONG).until(() -> listed(states, id).contains(life(id, 5)));
            third.publishSoon();
        }
        assertThat(told).doesNotContain("third");
    }

    @Test
    void idsOfWorkersThatAreGoneDoNotPileUp() {
        WorkerStates states = states(redis);
        String id = "w-" + UUID.randomUUID();
        states.put(life(id, 3), Duration.ofMillis(50)).toCompletableFuture().join();
        assertThat(isMember(id)).isTrue();
        await().atMost(LONG).until(() -> {
            states.list().toCompletableFuture().join();
            return !isMember(id);
        });
    }

    private boolean isMember(String id) {
        return Boolean.TRUE.equals(
                redis.template().opsForSet().isMember("baton:workers", id).block(LONG));
    }

    private static List<WorkerState> listed(WorkerStates states, String id) {
        return states.list().toCompletableFuture().join().stream()
                .filter(state -> state.getWorker().getId().equals(id))
                .toList();
    }

    private static WorkerState life(String id, long epoch) {
        return WorkerState.newBuilder()
                .setWorker(worker(id, epoch))
                .setCluster("baton")
                .build();
    }

    @Test
    void keepsTheLastListWhileRedisIsGone(@TempDir Path folder) throws Exception {
        RedisProcess.Settings settings = new RedisProcess.Settings(
                Ports.free(1).getFirst(), folder, folder.resolve("redis.log"), null, Duration.ofSeconds(30));
        RedisProcess process = RedisProcess.start(settings);
        WorkerState state = WorkerState.newBuilder()
                .setWorker(worker("w", 3))
                .setCluster("baton")
                .build();
        try (TestRedis own = new TestRedis(process.url())) {
            WorkerStates states =
                    new WorkerStates(own.template(), Duration.ofSeconds(2), CLUSTER, new RegistryMetrics(meters));
            states.put(state, LONG).toCompletableFuture().join();
            try (WorkerRegistry registry = new WorkerRegistry(states, SETTINGS)) {
                await().atMost(LONG).until(() -> registry.workers().contains(state));
                process.kill();
                await().atMost(LONG).until(() -> !registry.reached());
                assertThat(registry.workers()).containsExactly(state);
                try (RedisProcess again = RedisProcess.start(settings)) {
                    await().atMost(LONG).until(registry::reached);
                    await().atMost(LONG).until(() -> registry.workers().isEmpty());
                    assertThat(again.child().alive()).isTrue();
                }
            }
        }
    }

    @Test
    void twoClustersOnOneRedisDoNotSeeEachOther() {
        WorkerStates mine = states(redis);
        WorkerStates others = new WorkerStates(
                redis.template(),
                LONG,
                new ClusterProperties("other", CLUSTER.secret(), null),
                new RegistryMetrics(meters));
        String id = "w-" + UUID.randomUUID();
        WorkerState state = WorkerState.newBuilder().setWorker(worker(id, 3)).build();
        mine.put(state.toBuilder().setLane(1).build(), LONG)
                .toCompletableFuture()
                .join();
        others.put(state.toBuilder().setLane(2).build(), LONG)
                .toCompletableFuture()
                .join();
        assertThat(mine.list().toCompletableFuture().join())
                .filteredOn(each -> each.getWorker().getId().equals(id))
                .singleElement()
                .returns(1, WorkerState::getLane);
        assertThat(others.list().toCompletableFuture().join())
                .filteredOn(each -> each.getWorker().getId().equals(id))
                .singleElement()
                .returns(2, WorkerState::getLane);
    }

    /** Who can write to Redis could have tokens and prompts sent to an address of their own. */
    @Test
    void listsNoEntryThatTheSecretHasNotSigned() {
        WorkerStates states = states(redis);
        List<String> ids = new ArrayList<>();
        ids.add(plant("unsigned", planted -> planted.toByteString()));
        ids.add(plant(
                "signed by another",
                planted -> sign(new ClusterProperties("baton", "the secret of another", null), planted)));
        ids.add(plant(
                "of another cluster",
                planted -> sign(new ClusterProperties("other", CLUSTER.secret(), null), planted)));
        ids.add(plant("changed after it was signed", planted -> {
            SignedWorkerState signed = new SignedEntries(CLUSTER).sign(planted);
            WorkerState moved = planted.toBuilder().setHost("10.6.6.6").build();
            return signed.toBuilder().setState(moved.toByteString()).build().toByteString();
        }));
        ids.add(plant(
                "of another worker",
                planted -> sign(
                        CLUSTER,
                        planted.toBuilder().setWorker(worker("honest", 1)).build())));
        ids.add(plant("no message", planted -> ByteString.copyFromUtf8("!")));
        WorkerState honest = WorkerState.newBuilder()
                .setWorker(worker("w-" + UUID.randomUUID(), 3))
                .setCluster("baton")
                .build();
        states.put(honest, LONG).toCompletableFuture().join();

        List<WorkerState> listed = states.list().toCompletableFuture().join();

        assertThat(listed).contains(honest);
        assertThat(listed).extracting(state -> state.getWorker().getId()).doesNotContainAnyElementsOf(ids);
        for (String reason : List.of("unsigned", "cluster", "key", "unreadable")) {
            assertThat(refused(reason)).as(reason).isEqualTo(1);
        }
        assertThat(refused("proof")).isEqualTo(2);
    }

    private String plant(String what, Function<WorkerState, ByteString> forge) {
        String id = "forged-" + UUID.randomUUID();
        WorkerState state = WorkerState.newBuilder()
                .setWorker(worker(id, 3))
                .setHost("127.0.0.1")
                .setTokenPort(1)
                .setCluster("baton")
                .build();
        String value = "0000000000000003|"
                + Base64.getEncoder().encodeToString(forge.apply(state).toByteArray());
        var planted = redis.template();
        assertThat(planted.opsForValue().set("baton:worker:" + id, value, LONG).block(LONG))
                .as(what)
                .isTrue();
        planted.opsForSet().add("baton:workers", id).block(LONG);
        return id;
    }

    private static ByteString sign(ClusterProperties cluster, WorkerState state) {
        return new SignedEntries(cluster).sign(state).toByteString();
    }

    private double refused(String reason) {
        return meters.get("baton.registry.refusals")
                .tag("reason", reason)
                .counter()
                .count();
    }

    private WorkerStates states(TestRedis redis) {
        return new WorkerStates(redis.template(), LONG, CLUSTER, new RegistryMetrics(meters));
    }

    private static WorkerRef worker(String id, long epoch) {
        return WorkerRef.newBuilder().setId(id).setEpoch(epoch).build();
    }
}
