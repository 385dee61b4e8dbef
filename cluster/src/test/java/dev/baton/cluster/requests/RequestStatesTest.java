package dev.baton.cluster.requests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.redis.TestRedis;
import dev.baton.control.CasOutcome;
import dev.baton.control.Phase;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.stack.Ports;
import dev.baton.stack.RedisProcess;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@WithStack
class RequestStatesTest {
    private static final ClusterNames NAMES = new ClusterNames("baton");
    private static final Duration LONG = Duration.ofSeconds(10);
    private static final Attempt FIRST = attempt(1, -7);
    private static final Attempt SECOND = attempt(2, 8);
    private static final GatewayRef G0 = gateway("g", 10);
    /** The same id in another life. */
    private static final GatewayRef G1 = gateway("g", 11);

    private static final WorkerRef PREFILL = worker("prefill-0", -1);
    private static final WorkerRef DECODE = worker("decode-0", 2);

    private final String id = UUID.randomUUID().toString();
    private TestRedis redis;
    private RequestStates states;

    @BeforeEach
    void connect(TestStack stack) {
        redis = new TestRedis(stack.redis());
        states = new RequestStates(redis.template(), NAMES, Duration.ofSeconds(30), LONG);
    }

    @AfterEach
    void disconnect() {
        redis.close();
    }

    @Test
    void theEndOfAnAttemptThatWasNeverWrittenLeavesTheOneBeforeItUnclaimable() throws Exception {
        get(states.create(id, FIRST, G0, LONG));
        assertThat(get(states.end(id, SECOND, Phase.CANCELLED, G0))).isEqualTo(CasOutcome.APPLIED);
        assertThat(get(states.claim(id, FIRST, Phase.PREFILLING, PREFILL))).isEqualTo(CasOutcome.REFUSED);
    }

    @Test
    void recordsWhoExecutesEachPhase() throws Exception {
        assertThat(get(states.create(id, FIRST, G0, LONG))).isEqualTo(CasOutcome.APPLIED);
        assertThat(get(states.claim(id, FIRST, Phase.PREFILLING, PREFILL))).isEqualTo(CasOutcome.APPLIED);
        assertThat(get(states.claim(id, FIRST, Phase.HANDED_OFF, PREFILL))).isEqualTo(CasOutcome.APPLIED);
        assertThat(get(states.claim(id, FIRST, Phase.DECODING, DECODE))).isEqualTo(CasOutcome.APPLIED);

        RecordedRequest state = recorded().orElseThrow();
        assertThat(state.attempt()).isEqualTo(FIRST);
        assertThat(state.phase()).isEqualTo(Phase.DECODING);
        assertThat(state.owner()).isEqualTo(G0);
        assertThat(state.executor()).contains(DECODE);
        assertThat(state.executors()).containsEntry(Phase.PREFILLING, PREFILL).containsEntry(Phase.HANDED_OFF, PREFILL);

        assertThat(get(states.end(id, FIRST, Phase.DONE, G0))).isEqualTo(CasOutcome.APPLIED);
        assertThat(get(states.end(id, FIRST, Phase.DONE, G0))).isEqualTo(CasOutcome.ALREADY);
        assertThat(get(states.end(id, FIRST, Phase.FAILED, G0))).isEqualTo(CasOutcome.REFUSED);
    }

    @Test
    void twoLiveAttemptsCanBothBeClaimedAndOnlyByTheirNonces() throws Exception {
        beside();
        assertThat(get(states.hedge(id, SECOND, FIRST, G0))).isEqualTo(CasOutcome.ALREADY);
        assertThat(get(states.claim(id, FIRST, Phase.DECODING, DECODE))).isEqualTo(CasOutcome.ALREADY);
        assertThat(get(states.claim(id, SECOND, Phase.DECODING, PREFILL))).isEqualTo(CasOutcome.APPLIED);
        assertThat(get(states.claim(id, SECOND, Phase.DECODING, DECODE))).isEqualTo(CasOutcome.REFUSED);
        assertThat(get(states.claim(id, attempt(2, 99), Phase.DECODING, DECODE)))
                .isEqualTo(CasOutcome.SUPERSEDED);
    }

    @Test
    void theSecondThatWinsIsTheOneThatCountsWithItsClaims() throws Exception {
        beside();
        get(states.claim(id, SECOND, Phase.DECODING, PREFILL));
        assertThat(get(states.settle(id, SECOND, G0))).isEqualTo(CasOutcome.APPLIED);
        RecordedRequest state = recorded().orElseThrow();
        assertThat(state.attempt()).isEqualTo(SECOND);
        assertThat(state.executor()).contains(PREFILL);
        assertThat(get(states.claim(id, FIRST, Phase.DECODING, DECODE))).isEqualTo(CasOutcome.SUPERSEDED);
        assertThat(get(states.settle(id, SECOND, G0))).isEqualTo(CasOutcome.ALREADY);
        assertThat(get(states.end(id, SECOND, Phase.DONE, G0))).isEqualTo(CasOutcome.APPLIED);
    }

    @Test
    void theSecondThatLosesCanBeClaimedNoMore() throws Exception {
        beside();
        assertThat(get(states.settle(id, FIRST, G0))).isEqualTo(CasOutcome.APPLIED);
        assertThat(get(states.claim(id, SECOND, Phase.DECODING, PREFILL))).isEqualTo(CasOutcome.SUPERSEDED);
        assertThat(get(states.claim(id, FIRST, Phase.DECODING, DECODE))).isEqualTo(CasOutcome.ALREADY);
    }

    @Test
    void aRaiseOrAnEndLeavesNoSecond() throws Exception {
        beside();
        assertThat(get(states.raise(id, attempt(3, 9), G0, LONG))).isEqualTo(CasOutcome.APPLIED);
        assertThat(get(states.claim(id, SECOND, Phase.DECODING, PREFILL))).isEqualTo(CasOutcome.SUPERSEDED);
        get(states.hedge(id, attempt(4, 10), attempt(3, 9), G0));
        assertThat(get(states.end(id, attempt(4, 10), Phase.CANCELLED, G0))).isEqualTo(CasOutcome.APPLIED);
        assertThat(get(states.claim(id, attempt(4, 10), Phase.DECODING, PREFILL)))
                .isEqualTo(CasOutcome.SUPERSEDED);
        assertThat(get(states.claim(id, attempt(3, 9), Phase.DECODING, PREFILL)))
                .isEqualTo(CasOutcome.REFUSED);
    }

    @Test
    void noSecondBesideAnAttemptThatDoesNotCountOrByAnotherGateway() throws Exception {
        assertThat(get(states.hedge(id, SECOND, FIRST, G0))).isEqualTo(CasOutcome.ABSENT);
        get(states.create(id, FIRST, G0, LONG));
        assertThat(get(states.hedge(id, SECOND, FIRST, G1))).isEqualTo(CasOutcome.NOT_OWNER);
        assertThat(get(states.settle(id, FIRST, G1))).isEqualTo(CasOutcome.NOT_OWNER);
        assertThat(get(states.hedge(id, attempt(3, 9), SECOND, G0))).isEqualTo(CasOutcome.SUPERSEDED);
        get(states.end(id, FIRST, Phase.DONE, G0));
        assertThat(get(states.hedge(id, SECOND, FIRST, G0))).isEqualTo(CasOutcome.REFUSED);
    }

    private void beside() throws Exception {
        get(states.create(id, FIRST, G0, LONG));
        get(states.claim(id, FIRST, Phase.DECODING, DECODE));
        assertThat(get(states.hedge(id, SECOND, FIRST, G0))).isEqualTo(CasOutcome.APPLIED);
    }

    @Test
    void letsOneOfManyWorkersClaim() throws Exception {
        get(states.create(id, FIRST, G0, LONG));
        List<CompletionStage<CasOutcome>> claims = IntStream.range(0, 32)
                .mapToObj(i -> states.claim(id, FIRST, Phase.PREFILLING, worker("prefill-" + i, i)))
                .toList();
        int applied = 0;
        for (CompletionStage<CasOutcome> claim : claims) {
            CasOutcome outcome = get(claim);
            assertThat(outcome).isIn(CasOutcome.APPLIED, CasOutcome.REFUSED);
            applied += outcome == CasOutcome.APPLIED ? 1 : 0;
        }
        assertThat(applied).isEqualTo(1);
    }

    @Test
    void tellsARepeatedClaimFromAnotherLifeOfTheSameWorker() throws Exception {
        get(states.create(id, FIRST, G0, LONG));
        get(states.claim(id, FIRST, Phase.PREFILLING, PREFILL));
        assertThat(get(states.claim(id, FIRST, Phase.PREFILLING, PREFILL))).isEqualTo(CasOutcome.ALREADY);
        assertThat(get(states.claim(id, FIRST, Phase.PREFILLING, worker("prefill-0", 99))))
                .isEqualTo(CasOutcome.REFUSED);
    }

    @Test
    void refusesAClaimOnWhatIsNotThere() throws Exception {
        assertThat(get(states.claim(id, FIRST, Phase.PREFILLING, PREFILL))).isEqualTo(CasOutcome.ABSENT);
        assertThat(get(states.end(id, FIRST, Phase.DONE, G0))).isEqualTo(CasOutcome.ABSENT);
        assertThat(recorded()).isEmpty();
    }

    @Test
    void doesNotHearTheExecutorOfAnEarlierAttempt() throws Exception {
        get(states.create(id, FIRST, G0, LONG));
        get(states.claim(id, FIRST, Phase.PREFILLING, PREFILL));
        assertThat(get(states.raise(id, SECOND, G0, LONG))).isEqualTo(CasOutcome.APPLIED);

        assertThat(get(states.claim(id, FIRST, Phase.HANDED_OFF, PREFILL))).isEqualTo(CasOutcome.SUPERSEDED);
        assertThat(get(states.end(id, FIRST, Phase.DONE, G0))).isEqualTo(CasOutcome.SUPERSEDED);
        assertThat(get(states.raise(id, FIRST, G0, LONG))).isEqualTo(CasOutcome.SUPERSEDED);
        RecordedRequest state = recorded().orElseThrow();
        assertThat(state.phase()).isEqualTo(Phase.QUEUED);
        assertThat(state.executors()).isEmpty();
    }

    @Test
    void tellsAttemptsOfOneNumberApartByTheirNonce() throws Exception {
        get(states.create(id, FIRST, G0, LONG));
        assertThat(get(states.claim(id, attempt(1, -8), Phase.PREFILLING, PREFILL)))
                .isEqualTo(CasOutcome.SUPERSEDED);
    }

    @Test
    void letsOnlyTheOwnerRaiseAndEnd() throws Exception {
        get(states.create(id, FIRST, G0, LONG));
        assertThat(get(states.raise(id, SECOND, G1, LONG))).isEqualTo(CasOutcome.NOT_OWNER);
        assertThat(get(states.end(id, FIRST, Phase.CANCELLED, G1))).isEqualTo(CasOutcome.NOT_OWNER);
        assertThat(get(states.create(id, FIRST, G1, LONG))).isEqualTo(CasOutcome.REFUSED);
        assertThat(get(states.create(id, FIRST, G0, LONG))).isEqualTo(CasOutcome.ALREADY);
    }

    @Test
    void doesNotRaiseWhatHasEnded() throws Exception {
        get(states.create(id, FIRST, G0, LONG));
        get(states.end(id, FIRST, Phase.CANCELLED, G0));
        assertThat(get(states.raise(id, SECOND, G0, LONG))).isEqualTo(CasOutcome.REFUSED);
        assertThat(get(states.claim(id, FIRST, Phase.PREFILLING, PREFILL))).isEqualTo(CasOutcome.REFUSED);
    }

    @ParameterizedTest
    @EnumSource(
            value = Phase.class,
            names = {"PREFILLING", "HANDED_OFF", "DECODING"})
    void allowsTheTransitionsOfTheStateMachineAndNoOthers(Phase next) throws Exception {
        for (Phase from : Phase.values()) {
            String each = id + from;
            get(states.create(each, FIRST, G0, LONG));
            redis.template()
                    .opsForHash()
                    .put("baton:req:" + each, "phase", from.name())
                    .block(LONG);
            CasOutcome expected = from.mayBeClaimedFor(next) ? CasOutcome.APPLIED : CasOutcome.REFUSED;
            assertThat(get(states.claim(each, FIRST, next, DECODE)))
                    .as(from + " to " + next)
                    .isEqualTo(expected);
        }
    }

    @Test
    void refusesToClaimAnEnd() {
        assertThatThrownBy(() -> states.claim(id, FIRST, Phase.DONE, DECODE)).hasMessageContaining("DONE");
        assertThatThrownBy(() -> states.end(id, FIRST, Phase.DECODING, G0)).hasMessageContaining("DECODING");
    }

    @Test
    void forgetsARequestSomeTimeAfterItsDeadline() throws Exception {
        RequestStates brief = new RequestStates(redis.template(), NAMES, Duration.ofMillis(50), LONG);
        get(brief.create(id, FIRST, G0, Duration.ofMillis(50)));
        await().atMost(LONG).until(() -> recorded().isEmpty());
    }

    @Test
    void letsOwnersWriteAgainWhatTheyOwnWhenRedisComesBackEmpty(@TempDir Path folder) throws Exception {
        RedisProcess.Settings settings = new RedisProcess.Settings(
                Ports.free(1).getFirst(), folder, folder.resolve("redis.log"), null, Duration.ofSeconds(30));
        RedisProcess first = RedisProcess.start(settings);
        try (TestRedis own = new TestRedis(first.url())) {
            RequestStates mine = new RequestStates(own.template(), NAMES, LONG, LONG);
            get(mine.create(id, FIRST, G0, LONG));
            first.kill();
            assertThatThrownBy(() -> get(mine.claim(id, FIRST, Phase.PREFILLING, PREFILL)))
                    .as("Redis is down")
                    .isNotNull();
            try (RedisProcess again = RedisProcess.start(settings)) {
                await().atMost(LONG)
                        .ignoreExceptions()
                        .until(() -> get(mine.claim(id, FIRST, Phase.PREFILLING, PREFILL)) == CasOutcome.ABSENT);
                assertThat(again.child().alive()).isTrue();
                assertThat(get(mine.raise(id, SECOND, G0, LONG))).isEqualTo(CasOutcome.APPLIED);
                assertThat(get(mine.claim(id, SECOND, Phase.PREFILLING, PREFILL)))
                        .isEqualTo(CasOutcome.APPLIED);
            }
        }
    }

    private Optional<RecordedRequest> recorded() {
        return RecordedRequest.read(redis.template(), NAMES, id);
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static Attempt attempt(int number, long nonce) {
        return Attempt.newBuilder().setNumber(number).setNonce(nonce).build();
    }

    private static GatewayRef gateway(String id, long epoch) {
        return GatewayRef.newBuilder().setId(id).setEpoch(epoch).build();
    }

    private static WorkerRef worker(String id, long epoch) {
        return WorkerRef.newBuilder().setId(id).setEpoch(epoch).build();
    }
}
