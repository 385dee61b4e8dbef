package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cluster.requests.RequestStates;
import dev.baton.cluster.streams.StreamMetrics;
import dev.baton.cluster.streams.TokenStreamServer;
import dev.baton.config.ClusterProperties;
import dev.baton.config.StreamProperties;
import dev.baton.control.CasOutcome;
import dev.baton.control.Phase;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.util.unit.DataSize;

@WithStack
@Timeout(60)
class ClaimsTest {
    private static final ClusterNames NAMES = new ClusterNames("baton");
    private static final Duration LONG = Duration.ofSeconds(10);

    private static final StreamProperties STREAM = new StreamProperties(
            Duration.ofMillis(50),
            Duration.ofMillis(50),
            Duration.ofMillis(200),
            LONG,
            Duration.ofMillis(10),
            LONG,
            LONG,
            DataSize.ofMegabytes(1),
            100);
    private static final GatewayRef GATEWAY =
            GatewayRef.newBuilder().setId("g").setEpoch(4).build();

    private final Attempt first = Attempt.newBuilder().setNumber(1).setNonce(7).build();
    private final String id = UUID.randomUUID().toString();
    private LettuceConnectionFactory connections;
    private RequestStates states;
    private Claims claims;

    @BeforeEach
    void connect(TestStack stack) {
        connections = new LettuceConnectionFactory(
                stack.redis().getHost(), stack.redis().getPort());
        connections.afterPropertiesSet();
        connections.start();
        states = new RequestStates(new ReactiveStringRedisTemplate(connections), NAMES, LONG, LONG);
        claims = new Claims(
                states,
                new WorkerIdentity("prefill-0", 1, WorkerState.Role.PREFILL),
                new TokenStreamServer(
                        Welcome.getDefaultInstance(),
                        new ClusterProperties("baton", "", null),
                        STREAM,
                        (requestId, attempt) -> {},
                        new StreamMetrics(new SimpleMeterRegistry())),
                LONG,
                InstantSource.system());
    }

    @AfterEach
    void disconnect() {
        connections.destroy();
    }

    @Test
    void aClaimThatComesBeforeItsRecordWaitsForIt() throws Exception {
        CompletableFuture<Boolean> holds = claim(first);
        TimeUnit.MILLISECONDS.sleep(100);
        assertThat(holds).isNotDone();
        record(first);
        assertThat(holds.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aClaimThatNobodyRecordsIsRefusedInTheEnd() throws Exception {
        assertThat(claim(first).get(10, TimeUnit.SECONDS)).isFalse();
        record(first); // Too late for that job.
        assertThat(new ReactiveStringRedisTemplate(connections)
                        .opsForHash()
                        .keys(NAMES.key("req:" + id))
                        .collectList()
                        .block(LONG))
                .contains("owner")
                .doesNotContain(Phase.PREFILLING.name());
    }

    @Test
    void aClaimOfAnAttemptThatDoesNotCountIsRefused() throws Exception {
        record(first);
        assertThat(claim(first.toBuilder().setNonce(8).build()).get(10, TimeUnit.SECONDS))
                .isFalse();
    }

    private void record(Attempt attempt) throws Exception {
        assertThat(states.create(id, attempt, GATEWAY, LONG)
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS))
                .isEqualTo(CasOutcome.APPLIED);
    }

    private CompletableFuture<Boolean> claim(Attempt attempt) {
        CompletableFuture<Boolean> holds = new CompletableFuture<>();
        Generation generation =
                Generation.newBuilder().setRequestId(id).setAttempt(attempt).build();
        claims.claim(generation, Phase.PREFILLING, holds::complete);
        return holds;
    }
}
