package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.control.GenerationRequest;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** What a gateway sends while its worker wants no more: one that lets in six requests, and a worker that claims when told. */
@WithStack
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class TurnsIT {
    private static final int MOST = 6;
    /** Three blocks of it are full. */
    private static final int[] LONG_PROMPT = IntStream.range(1, 201).toArray();

    private String model = "";
    private TestCluster cluster;

    @BeforeAll
    void start(TestStack stack) {
        cluster = TestCluster.start(
                stack.kafka(),
                stack.redis(),
                "--baton.dispatch.max-in-flight=" + MOST,
                "--baton.limits.without-workers=30s");
    }

    @AfterEach
    void endWorkers() {
        cluster.endWorkers();
    }

    @AfterAll
    void stop() {
        cluster.close();
    }

    @Test
    void whatTheWorkerDoesNotWantYetWaitsAtTheGateway() throws Exception {
        ScriptedWorker worker = worker(2);
        List<RecordingSink> sinks = List.of(send("a"), send("a"), send("a"), send("a"));
        await().until(() -> worker.unclaimed() == 2);
        await().until(() -> waiting() == 2);
        for (int claimed = 1; claimed <= 4; claimed++) {
            int so = claimed;
            await().until(() -> worker.unclaimed() > 0);
            worker.claimOne();
            await().until(() -> worker.taken.size() == so);
        }
        for (RecordingSink sink : sinks) {
            assertThat(sink.end()).isEqualTo("finished LENGTH");
            assertThat(sink.wrongs).isEmpty();
        }
        assertThat(waiting()).isZero();
    }

    @Test
    void aTenantThatComesLateHasItsTurnNext() throws Exception {
        ScriptedWorker worker = worker(1);
        List<RecordingSink> sinks = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            sinks.add(send("first"));
        }
        await().until(() -> worker.unclaimed() == 1 && waiting() == 3);
        sinks.add(send("second"));
        await().until(() -> waiting() == 4);
        for (int claimed = 1; claimed <= 5; claimed++) {
            int so = claimed;
            await().until(() -> worker.unclaimed() > 0);
            worker.claimOne();
            await().until(() -> worker.taken.size() == so);
        }
        for (RecordingSink sink : sinks) {
            assertThat(sink.end()).isEqualTo("finished LENGTH");
        }
        assertThat(worker.taken.stream().map(TurnsIT::tenant).toList())
                .containsExactly("first", "second", "first", "first", "first");
    }

    @Test
    void whereAllPlacesAreTakenTheTenantWithTheMostWaitingGivesOneUp() throws Exception {
        ScriptedWorker worker = worker(1);
        List<RecordingSink> many = new ArrayList<>();
        for (int i = 0; i < MOST; i++) {
            many.add(send("many"));
        }
        await().until(() -> worker.unclaimed() == 1 && waiting() == MOST - 1);
        assertThat(send("many").end()).startsWith("refused SERVER_OVERLOADED");
        RecordingSink few = send("few");
        assertThat(many.getLast().end()).startsWith("refused SERVER_OVERLOADED");
        for (int claimed = 1; claimed <= MOST; claimed++) {
            int so = claimed;
            await().until(() -> worker.unclaimed() > 0);
            worker.claimOne();
            await().until(() -> worker.taken.size() == so);
        }
        assertThat(few.end()).isEqualTo("finished LENGTH");
        for (RecordingSink sink : many.subList(0, MOST - 1)) {
            assertThat(sink.end()).isEqualTo("finished LENGTH");
        }
        await().until(() -> running() == 0);
    }

    @Test
    void whoLeavesWhileWaitingGivesItsPlaceBack() throws Exception {
        ScriptedWorker worker = worker(1);
        RecordingSink first = send("a");
        await().until(() -> worker.unclaimed() == 1);
        RecordingSink leaves = send("a");
        await().until(() -> waiting() == 1);
        leaves.handle().cancel();
        await().until(() -> waiting() == 0);
        await().until(() -> running() == 1);
        worker.claimOne();
        assertThat(first.end()).isEqualTo("finished LENGTH");
        await().until(() -> running() == 0);
        assertThat(worker.taken).hasSize(1);
    }

    @Test
    void whoseDeadlinePassesWhileWaitingIsTold() throws Exception {
        ScriptedWorker worker = worker(1);
        RecordingSink first = send("a");
        await().until(() -> worker.unclaimed() == 1);
        RecordingSink late = new RecordingSink();
        late.start(cluster.dispatcher(), submission("a", Duration.ofSeconds(1)));
        assertThat(late.end()).startsWith("refused DEADLINE_EXCEEDED");
        worker.claimOne();
        assertThat(first.end()).isEqualTo("finished LENGTH");
        await().until(() -> running() == 0);
    }

    @Test
    void whoWaitsGoesOnWhenTheWorkerWantsMore() throws Exception {
        ScriptedWorker worker = worker(1);
        RecordingSink first = send("a");
        RecordingSink second = send("a");
        await().until(() -> worker.unclaimed() == 1 && waiting() == 1);
        worker.wantOnly(2);
        await().until(() -> worker.unclaimed() == 2);
        worker.claimOne();
        worker.claimOne();
        assertThat(first.end()).isEqualTo("finished LENGTH");
        assertThat(second.end()).isEqualTo("finished LENGTH");
    }

    @Test
    void whileNoWorkerLivesRequestsWaitHereAndAreSentAsTheFirstOneWantsThem() throws Exception {
        model = "model-" + UUID.randomUUID();
        List<RecordingSink> sinks = List.of(send("a"), send("a"), send("a"), send("a"));
        await().until(() -> waiting() == 4);
        ScriptedWorker worker = worker(2, model);
        await().until(() -> worker.unclaimed() == 2);
        assertThat(waiting()).isEqualTo(2);
        for (int claimed = 1; claimed <= 4; claimed++) {
            int so = claimed;
            await().until(() -> worker.unclaimed() > 0);
            worker.claimOne();
            await().until(() -> worker.taken.size() == so);
        }
        for (RecordingSink sink : sinks) {
            assertThat(sink.end()).isEqualTo("finished LENGTH");
        }
    }

    @Test
    void theChoicesOfAPromptAreSentOnceAWorkerHoldsIt() throws Exception {
        ScriptedWorker worker = worker(4);
        List<RecordingSink> sinks = sendChoices(4);
        await().until(() -> worker.unclaimed() == 1 && waiting() == 3);
        worker.claimOne();
        assertThat(sinks.getFirst().end()).isEqualTo("finished LENGTH");
        await().until(() -> worker.unclaimed() == 3 && waiting() == 0);
        claimAll(worker, 3);
        finishAll(sinks);
        assertThat(worker.taken).hasSize(4);
    }

    @Test
    void aChoiceIsAdmittedWithTheFirstAndHeldNoLongerThanThePromptShouldTake() throws Exception {
        ScriptedWorker worker = worker(4);
        worker.stopBefore(0);
        List<RecordingSink> sinks = sendChoices(3);
        await().until(() -> worker.unclaimed() == 1 && waiting() == 2);
        assertThat(sinks).noneMatch(sink -> sink.admitted);
        worker.claimOne();
        await().until(() -> sinks.stream().allMatch(sink -> sink.admitted));
        await().until(() -> worker.unclaimed() == 2);
        worker.stopBefore(Integer.MAX_VALUE);
        claimAll(worker, 2);
        finishAll(sinks);
    }

    @Test
    void theNextChoiceGoesAheadWhenTheFirstLeaves() throws Exception {
        ScriptedWorker worker = worker(4);
        List<RecordingSink> sinks = sendChoices(3);
        await().until(() -> worker.unclaimed() == 1 && waiting() == 2);
        sinks.getFirst().handle().cancel();
        await().until(() -> worker.unclaimed() == 2 && waiting() == 1);
        claimAll(worker, 2);
        assertThat(sinks.get(1).end()).isEqualTo("finished LENGTH");
        await().until(() -> worker.unclaimed() == 1 && waiting() == 0);
        claimAll(worker, 1);
        finishAll(sinks.subList(1, 3));
        assertThat(sinks.getFirst().ended()).isFalse();
    }

    private void claimAll(ScriptedWorker worker, int records) {
        for (int i = 0; i < records; i++) {
            worker.claimOne();
        }
    }

    private void finishAll(List<RecordingSink> sinks) throws Exception {
        for (RecordingSink sink : sinks) {
            assertThat(sink.end()).isEqualTo("finished LENGTH");
            assertThat(sink.tokens).isEqualTo(ScriptedWorker.tokens(3));
            assertThat(sink.wrongs).isEmpty();
        }
        await().until(() -> running() == 0);
    }

    private List<RecordingSink> sendChoices(int count) {
        Choices all = new Choices(count, count);
        List<RecordingSink> sinks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            RecordingSink sink = new RecordingSink();
            sink.start(cluster.dispatcher(), submission("a", LONG_PROMPT, Duration.ofSeconds(40)), all.choice(i));
            sinks.add(sink);
        }
        return sinks;
    }

    private ScriptedWorker worker(int credit) throws Exception {
        model = "model-" + UUID.randomUUID();
        return worker(credit, model);
    }

    private ScriptedWorker worker(int credit, String model) throws Exception {
        ScriptedWorker worker = cluster.decode("decode-a", model, credit);
        await().until(() -> cluster.workers().of(model).stream()
                .map(WorkerState::getCredit)
                .toList()
                .equals(List.of(credit)));
        return worker;
    }

    private RecordingSink send(String tenant) {
        RecordingSink sink = new RecordingSink();
        sink.start(cluster.dispatcher(), submission(tenant, Duration.ofSeconds(40)));
        return sink;
    }

    private GenerationRequest submission(String tenant, Duration time) {
        return submission(tenant, new int[] {1, 2, 3}, time);
    }

    private GenerationRequest submission(String tenant, int[] prompt, Duration time) {
        return new GenerationRequest(
                UUID.randomUUID().toString(),
                tenant,
                model,
                prompt,
                Sampling.newBuilder().setSeed(1).build(),
                Stopping.newBuilder().setMaxTokens(3).build(),
                0,
                Instant.now().plus(time),
                RequestTags.getDefaultInstance(),
                null);
    }

    private static String tenant(Generation generation) {
        return GenerationRequest.tenantOf(generation.getTenantSalt());
    }

    private int waiting() {
        return (int) cluster.meters().get("baton.dispatch.waiting").gauge().value();
    }

    private int running() {
        return (int) cluster.meters().get("baton.dispatch.running").gauge().value();
    }
}
