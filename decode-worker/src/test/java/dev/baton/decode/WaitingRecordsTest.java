package dev.baton.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.control.Phase;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Queued;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker with one place claims what it can begin soon; the rest waits, is told so, and is answered all the same. */
@WithStack
@Timeout(240)
class WaitingRecordsTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    /** One that runs, and those that may wait in the engine. */
    private static final int CLAIMED = 9;

    private RunningWorker worker;

    @BeforeEach
    void start(TestStack stack) {
        worker = RunningWorker.start(
                stack, "--baton.engine.max-sequences=1", "--baton.lanes.outstanding=12", "--baton.engine.drain=10ms");
    }

    @AfterEach
    void stop() {
        worker.close();
    }

    @Test
    void claimsWhatItCanBeginSoonAndEachRecordOnce() throws Exception {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            all.add(worker.generate(200));
        }
        int most = 0;
        while (!all.stream().allMatch(this::finished)) {
            long claimed = 0;
            for (String request : all) {
                claimed += claimed(request) ? 1 : 0;
            }
            long done = all.stream().filter(this::finished).count();
            most = Math.max(most, (int) (claimed - done));
        }
        assertThat(most).as("claimed and not done").isBetween(2, CLAIMED + 1); // one may be done and not heard
        for (String request : all) {
            assertThat(worker.tokens(request)).isEqualTo(200);
            assertThat(worker.heard(request).stream().filter(Progress::hasFinish))
                    .hasSize(1);
        }
    }

    @Test
    void whoWaitsHearsThatItMovesUp() throws Exception {
        for (int i = 0; i < 4; i++) {
            worker.generate(1_500);
        }
        String last = worker.generate(5);
        await().atMost(LONG).until(() -> finished(last));
        List<Queued> news = worker.heard(last).stream()
                .filter(Progress::hasQueued)
                .map(Progress::getQueued)
                .toList();
        assertThat(news).hasSizeGreaterThan(1);
        assertThat(news).extracting(Queued::getMoves).isSorted();
        assertThat(news.getLast().getAhead()).isLessThan(news.getFirst().getAhead());
        assertThat(news.getLast().getMoves()).isGreaterThan(news.getFirst().getMoves());
    }

    @Test
    void whatExpiresWhileItWaitsIsDeclinedWithoutAClaim() throws Exception {
        String running = fill();
        Handoff.Builder late = worker.handoff(5);
        late.getGenerationBuilder().setDeadlineMs(Instant.now().plusMillis(300).toEpochMilli());
        worker.record(late.getGeneration());
        worker.send(late.build());
        String request = late.getGeneration().getRequestId();
        assertThat(worker.declined(request).getReason()).isEqualTo(Decline.Reason.EXPIRED);
        assertThat(finished(running)).as("fault not applied").isFalse();
        assertThat(claimed(request)).isFalse();
    }

    @Test
    void whatIsCancelledWhileItWaitsIsNeverClaimed() throws Exception {
        String running = fill();
        Handoff given = worker.handoff(5).build();
        String request = given.getGeneration().getRequestId();
        worker.record(given.getGeneration());
        worker.send(given);
        String behind = worker.generate(5);
        await().atMost(LONG).until(() -> !worker.heard(request).isEmpty());
        assertThat(finished(running)).as("fault not applied").isFalse();
        worker.cancel(given.getGeneration());
        await().atMost(LONG).until(() -> finished(behind));
        assertThat(claimed(request)).isFalse();
    }

    @Test
    void whatWaitsWhileTheWorkerEndsIsDeclined() throws Exception {
        fill();
        String request = worker.generate(5);
        await().atMost(LONG).until(() -> !worker.heard(request).isEmpty());
        worker.stopInBackground().join();
        assertThat(worker.declined(request).getReason()).isEqualTo(Decline.Reason.DRAINING);
    }

    /** So much work that what is sent next waits; a request that takes long. */
    private String fill() throws Exception {
        String running = worker.generate(1_500);
        for (int i = 1; i < CLAIMED; i++) {
            worker.generate(300);
        }
        return running;
    }

    private boolean finished(String request) {
        return worker.last(request).hasFinish();
    }

    private boolean claimed(String request) {
        return worker.recordedFields(request).contains(Phase.DECODING.name());
    }
}
