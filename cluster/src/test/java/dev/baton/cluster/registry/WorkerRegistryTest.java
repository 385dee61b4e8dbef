package dev.baton.cluster.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.redis.TestRedis;
import dev.baton.config.RegistryProperties;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.Ports;
import dev.baton.stack.RedisProcess;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
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
        WorkerStates states = new WorkerStates(redis.template(), LONG);
        String id = "w-" + UUID.randomUUID();
        WorkerState state =
                WorkerState.newBuilder().setWorker(worker(id, 3)).setLane(5).build();
        try (WorkerRegistry registry = new WorkerRegistry(states, SETTINGS)) {
            try (HeartbeatPublisher heartbeat = new HeartbeatPublisher(states, SETTINGS, () -> state)) {
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
    void keepsTheLastListWhileRedisIsGone(@TempDir Path folder) throws Exception {
        RedisProcess.Settings settings = new RedisProcess.Settings(
                Ports.free(1).getFirst(), folder, folder.resolve("redis.log"), null, Duration.ofSeconds(30));
        RedisProcess process = RedisProcess.start(settings);
        WorkerState state = WorkerState.newBuilder().setWorker(worker("w", 3)).build();
        try (TestRedis own = new TestRedis(process.url())) {
            WorkerStates states = new WorkerStates(own.template(), Duration.ofSeconds(2));
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

    private static WorkerRef worker(String id, long epoch) {
        return WorkerRef.newBuilder().setId(id).setEpoch(epoch).build();
    }
}
