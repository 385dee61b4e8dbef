package dev.baton.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.control.Phase;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Each record that a worker reads is answered to its owner: no gateway waits for a limit to learn that it is not worked on. */
@WithStack
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(240)
class AnswersToRecordsTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final WorkerRef OTHER =
            WorkerRef.newBuilder().setId("decode-other").setEpoch(3).build();

    private RunningWorker worker;

    @BeforeAll
    void start(TestStack stack) {
        worker = RunningWorker.start(stack);
    }

    @AfterAll
    void stop() {
        worker.close();
    }

    @Test
    void expired() throws Exception {
        Handoff.Builder handoff = worker.handoff(5);
        handoff.getGenerationBuilder()
                .setDeadlineMs(Instant.now().minusSeconds(10).toEpochMilli());
        worker.record(handoff.getGeneration());
        assertThat(answer(handoff)).isEqualTo(Decline.Reason.EXPIRED);
    }

    @Test
    void absentInRedis() {
        Handoff.Builder handoff = worker.handoff(5);
        handoff.getGenerationBuilder().getAttemptBuilder().setNumber(2);
        assertThat(answer(handoff)).isEqualTo(Decline.Reason.ABSENT);
    }

    @Test
    void supersededByAnotherAttempt() throws Exception {
        Handoff.Builder handoff = worker.handoff(5);
        worker.record(handoff.getGeneration());
        handoff.getGenerationBuilder().getAttemptBuilder().setNonce(77);
        assertThat(answer(handoff)).isEqualTo(Decline.Reason.SUPERSEDED);
    }

    @Test
    void takenByAnother() throws Exception {
        Handoff.Builder handoff = worker.handoff(5);
        worker.record(handoff.getGeneration());
        worker.requests()
                .claim(
                        handoff.getGeneration().getRequestId(),
                        handoff.getGeneration().getAttempt(),
                        Phase.DECODING,
                        OTHER)
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
        assertThat(answer(handoff)).isEqualTo(Decline.Reason.TAKEN);
    }

    @Test
    void meantForAnotherWorker() throws Exception {
        Handoff.Builder handoff = worker.handoff(5).setWorker(OTHER);
        worker.record(handoff.getGeneration());
        assertThat(answer(handoff)).isEqualTo(Decline.Reason.OTHER_WORKER);
    }

    @Test
    void couldNotBeHandled() throws Exception {
        Handoff.Builder handoff = worker.handoff(5);
        worker.record(handoff.getGeneration());
        worker.breakOn(handoff.getGeneration().getRequestId());
        assertThat(answer(handoff)).isEqualTo(Decline.Reason.DEAD_LETTER);
    }

    /** The owner of a record that was written before a rolling deployment, or before it lost its stream. */
    @Test
    void ofAGatewayWithoutAStreamIsNotComputedAndIsAnsweredOnceItHasOne() throws Exception {
        GatewayRef late =
                GatewayRef.newBuilder().setId("gateway-late").setEpoch(5).build();
        Handoff.Builder handoff = worker.handoff(5);
        handoff.getGenerationBuilder().setOwner(late);
        worker.record(handoff.getGeneration());
        worker.send(handoff.build());
        // A record behind it in the lane does not wait for it.
        String other = worker.generate(3);
        await().atMost(LONG).until(() -> worker.last(other).hasFinish());

        String request = handoff.getGeneration().getRequestId();
        await().atMost(LONG).until(() -> worker.declines("no_stream") == 1);
        Decline decline = worker.declined(late, request);
        assertThat(decline.getReason()).isEqualTo(Decline.Reason.NO_STREAM);
        assertThat(worker.recordedFields(request))
                .as("it was not claimed, and so not computed")
                .contains("phase")
                .doesNotContain(Phase.DECODING.name());
    }

    @Test
    void whileTheWorkerDrains(TestStack stack) throws Exception {
        try (RunningWorker leaving = RunningWorker.start(stack, "--baton.engine.drain=20s")) {
            String running = leaving.generate(1_500);
            await().atMost(LONG).until(() -> leaving.tokens(running) > 0);
            Handoff.Builder handoff = leaving.handoff(5);
            leaving.record(handoff.getGeneration());
            Thread stopping = leaving.stopInBackground();
            await().atMost(LONG).until(() -> leaving.state().getDraining());
            assertThat(leaving.last(running).hasFinish())
                    .as("fault not applied")
                    .isFalse();
            leaving.send(handoff.build());
            assertThat(leaving.declined(handoff.getGeneration().getRequestId()).getReason())
                    .isEqualTo(Decline.Reason.DRAINING);
            stopping.join();
        }
    }

    private Decline.Reason answer(Handoff.Builder handoff) {
        worker.send(handoff.build());
        Decline decline = worker.declined(handoff.getGeneration().getRequestId());
        assertThat(decline.getAttempt()).isEqualTo(handoff.getGeneration().getAttempt());
        assertThat(decline.getRole()).isEqualTo(WorkerState.Role.DECODE);
        assertThat(decline.getMessage()).isNotBlank();
        return decline.getReason();
    }
}
