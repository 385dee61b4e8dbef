package dev.baton.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.TicketOffer;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many short requests, of which every other one is cancelled, broken, late or unknown, then 300 that are cancelled at once,
 * four times: afterwards the worker holds nothing of them. {@code -Dbaton.soak.requests=70000} for a long one.
 */
@WithStack
@Timeout(3_600)
class SoakTest {
    private static final int REQUESTS = Integer.getInteger("baton.soak.requests", 400);
    private static final int AT_ONCE = 64;
    private static final int BURST = 300;
    private static final Duration LONG = Duration.ofMinutes(2);

    private final Random random = new Random(20_261_129);
    private final Deque<String> finishing = new ArrayDeque<>();

    @Test
    void everyCountIsWhereItWas(TestStack stack) throws Exception {
        try (RunningWorker worker = RunningWorker.start(
                stack,
                "--baton.stream.keep-unacknowledged=2s",
                "--baton.kv.memory=4MB",
                "--baton.lanes.outstanding=48")) {
            for (int i = 0; i < REQUESTS; i++) {
                ask(worker, i % 8);
                while (finishing.size() >= AT_ONCE) {
                    awaitFinished(worker, finishing.remove());
                }
            }
            while (!finishing.isEmpty()) {
                awaitFinished(worker, finishing.remove());
            }
            for (int burst = 0; burst < 4; burst++) {
                cancelAtOnce(worker);
            }
            await().atMost(LONG).untilAsserted(() -> {
                assertThat(worker.engine().load().freeBlocks()
                                + worker.engine().load().cachedBlocks())
                        .as("blocks")
                        .isEqualTo(worker.engine().load().blocks());
                assertThat(worker.engine().room().waiting()).as("waiting").isZero();
                assertThat(worker.activeAttempts()).as("attempts").isZero();
                assertThat(worker.gauge("baton.lane.outstanding")).as("records").isZero();
                assertThat(worker.gauge("baton.stream.kept.requests"))
                        .as("kept tokens")
                        .isZero();
                assertThat(worker.state().getOldestClaimMs()).as("claims").isZero();
                assertThat(worker.state().getQueued()).as("queued").isZero();
            });
            worker.engine().checkIntegrity(LONG);
        }
    }

    private void ask(RunningWorker worker, int kind) throws Exception {
        Handoff.Builder handoff = worker.handoff(1 + random.nextInt(12));
        switch (kind) {
            case 1 ->
                handoff.setTicket(TicketOffer.newBuilder()
                        .setTokens(20)
                        .setHost("127.0.0.1")
                        .setPort(70_000));
            case 2 ->
                handoff.setTicket(TicketOffer.newBuilder()
                        .setTokens(20)
                        .setHost("127.0.0.1")
                        .setPort(1));
            case 3 ->
                handoff.getGenerationBuilder()
                        .setDeadlineMs(Instant.now().minusSeconds(9).toEpochMilli());
            case 4 -> handoff.getGenerationBuilder().clearPrompt();
            default -> finishing.add(handoff.getGeneration().getRequestId());
        }
        worker.record(handoff.getGeneration());
        worker.send(handoff.build());
        if (kind == 5) {
            finishing.removeLast();
            worker.cancel(handoff.getGeneration());
        }
    }

    /** Most wait in Kafka or for a claim then, some run. */
    private static void cancelAtOnce(RunningWorker worker) throws Exception {
        List<Handoff> burst = new ArrayList<>();
        for (int i = 0; i < BURST; i++) {
            burst.add(worker.handoff(500).build());
            worker.record(burst.getLast().getGeneration());
        }
        burst.forEach(worker::send);
        String first = burst.getFirst().getGeneration().getRequestId();
        await().atMost(LONG).until(() -> worker.tokens(first) > 0);
        burst.forEach(handoff -> worker.cancel(handoff.getGeneration()));
    }

    private static void awaitFinished(RunningWorker worker, String request) {
        await().atMost(LONG).until(() -> worker.last(request).hasFinish());
    }
}
