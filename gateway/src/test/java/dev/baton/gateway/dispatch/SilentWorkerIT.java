package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.control.GenerationRequest;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import io.micrometer.core.instrument.Counter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Silence is no proof of death: what becomes of streams whose worker stands still and wakes. */
@WithStack
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class SilentWorkerIT {
    private static final int STREAMS = 32;
    private static final int TOKENS = 60;

    private final String model = "model-" + UUID.randomUUID();
    private TestCluster cluster;

    @BeforeAll
    void start(TestStack stack) {
        cluster = TestCluster.start(stack.kafka(), stack.redis(), "--baton.stream.suspect-after=200ms");
    }

    @AfterEach
    void endWorkers() {
        cluster.endWorkers();
    }

    @AfterAll
    void stop() {
        cluster.close();
    }

    /** Seen before: 159 attempts given up, and gaps of 0.9 to 1.1 s. */
    @Test
    void fivePausesOfTheOnlyDecodeWorkerUnderThirtyTwoStreamsGiveUpNoAttempt() throws Exception {
        ScriptedWorker worker = cluster.decode("decode-a", model);
        await().until(() -> only(worker));
        worker.stopBefore(0);
        List<RecordingSink> sinks = start(STREAMS);
        for (int pause = 1; pause <= 5; pause++) {
            int made = 10 * pause;
            worker.stopBefore(made);
            await().until(() -> sinks.stream().allMatch(sink -> sink.tokens.size() == made));
            pause(worker);
        }
        worker.stopBefore(TOKENS);
        for (RecordingSink sink : sinks) {
            assertThat(sink.end()).isEqualTo("finished LENGTH");
            assertThat(sink.tokens).isEqualTo(ScriptedWorker.tokens(TOKENS));
            assertThat(sink.wrongs).isEmpty();
            assertThat(sink.handle().timing().attempts()).as("attempts").isEqualTo(1);
        }
        assertThat(worker.taken).hasSize(STREAMS);
    }

    /** Its port is open and its entry stands: only a second attempt is quicker than the proof of its death. */
    @Test
    void streamsOfASilentWorkerGoOnBesideItAndWhatItSendsWhenItWakesChangesNothing() throws Exception {
        ScriptedWorker silent = cluster.decode("decode-c", model);
        await().until(() -> only(silent));
        silent.stopBefore(10);
        List<RecordingSink> sinks = start(STREAMS);
        await().until(() -> sinks.stream().allMatch(sink -> sink.tokens.size() == 10));
        ScriptedWorker other = cluster.decode("decode-d", model);
        await().until(() -> cluster.workers().of(model).size() == 2);
        double won = hedges(true);
        CountDownLatch over = new CountDownLatch(1);
        silent.pause(over);
        for (RecordingSink sink : sinks) {
            assertThat(sink.end()).isEqualTo("finished LENGTH");
        }
        assertThat(silent.alive()).as("fault not applied: it only stands still").isTrue();
        assertThat(hedges(true) - won).as("fault not applied: second attempts").isPositive();
        over.countDown();
        await().until(() -> cluster.workers().of(model).size() == 2);
        silent.stopBefore(TOKENS);
        await().until(() -> silent.cancelled.size() >= STREAMS);
        for (RecordingSink sink : sinks) {
            assertThat(sink.tokens).isEqualTo(ScriptedWorker.tokens(TOKENS));
            assertThat(sink.wrongs).isEmpty();
        }
        assertThat(other.taken).hasSize(STREAMS);
        assertThat(cluster.meters().get("baton.dispatch.differences").counter().count())
                .isZero();
    }

    private boolean only(ScriptedWorker worker) {
        return cluster.workers().of(model).stream()
                .map(WorkerState::getWorker)
                .toList()
                .equals(List.of(worker.self));
    }

    private double hedges(boolean won) {
        Counter counter = cluster.meters()
                .find("baton.dispatch.hedges")
                .tag("won", Boolean.toString(won))
                .counter();
        return counter == null ? 0 : counter.count();
    }

    private void pause(ScriptedWorker worker) throws InterruptedException {
        double before = suspicions();
        long start = System.nanoTime();
        CountDownLatch over = new CountDownLatch(1);
        worker.pause(over);
        await().pollInterval(Duration.ofMillis(5)).until(() -> suspicions() > before);
        long rest = TimeUnit.MILLISECONDS.toNanos(350) - (System.nanoTime() - start);
        assertThat(over.await(rest, TimeUnit.NANOSECONDS)).isFalse();
        over.countDown();
        await().until(() -> cluster.workers().of(model).stream()
                .anyMatch(state -> state.getWorker().equals(worker.self)));
    }

    private double suspicions() {
        return cluster.meters().get("baton.stream.suspicions").counter().count();
    }

    private List<RecordingSink> start(int count) {
        List<RecordingSink> sinks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            RecordingSink sink = new RecordingSink();
            sinks.add(sink);
            sink.start(
                    cluster.dispatcher(),
                    new GenerationRequest(
                            UUID.randomUUID().toString(),
                            "tenant",
                            model,
                            new int[] {1, 2, 3},
                            Sampling.getDefaultInstance(),
                            Stopping.newBuilder().setMaxTokens(TOKENS).build(),
                            0,
                            Instant.now().plusSeconds(50),
                            RequestTags.getDefaultInstance(),
                            null));
        }
        return sinks;
    }
}
