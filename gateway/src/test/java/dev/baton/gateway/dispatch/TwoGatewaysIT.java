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
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Gateways beside each other on the same workers. */
@WithStack
@Timeout(90)
class TwoGatewaysIT {
    private static final int STREAMS = 16;
    private static final int TOKENS = 40;

    private final String model = "model-" + UUID.randomUUID();

    @Test
    void twoWithoutASetIdDoNotTouchEachOthersStreams(TestStack stack) throws Exception {
        try (TestCluster one = TestCluster.start(stack.kafka(), stack.redis());
                TestCluster other = TestCluster.start(stack.kafka(), stack.redis())) {
            ScriptedWorker prefill = one.prefill("prefill-" + model, model);
            ScriptedWorker decode = one.decode("decode-" + model, model);
            await().until(() -> live(one) && live(other));
            decode.stopBefore(TOKENS / 2);
            List<RecordingSink> sinks = new ArrayList<>();
            for (int i = 0; i < STREAMS; i++) {
                sinks.add(start(i % 2 == 0 ? one : other, 200));
            }
            await().until(() -> sinks.stream().allMatch(sink -> sink.tokens.size() == TOKENS / 2));
            assertThat(prefill.cancelled).isEmpty();
            decode.stopBefore(Integer.MAX_VALUE);
            for (RecordingSink sink : sinks) {
                finishesAtItsFirstAttempt(sink);
            }
            assertThat(prefill.taken).hasSize(STREAMS);
            assertThat(decode.taken).hasSize(STREAMS);
            endOnce(prefill);
            assertThat(decode.cancelled).isEmpty();
        }
    }

    @Test
    void aSecondOfOneIdIsRefusedAndTheFirstDoesNotNotice(TestStack stack) throws Exception {
        try (TestCluster one = TestCluster.start(stack.kafka(), stack.redis(), "--baton.gateway.id=edge")) {
            ScriptedWorker prefill = one.prefill("prefill-" + model, model);
            ScriptedWorker decode = one.decode("decode-" + model, model);
            await().until(() -> live(one));
            decode.stopBefore(TOKENS / 2);
            List<RecordingSink> sinks = new ArrayList<>();
            for (int i = 0; i < STREAMS; i++) {
                sinks.add(start(one, 200));
            }
            await().until(() -> sinks.stream().allMatch(sink -> sink.tokens.size() == TOKENS / 2));
            try (TestCluster second = TestCluster.start(stack.kafka(), stack.redis(), "--baton.gateway.id=edge")) {
                await().until(() -> refusals(second) >= 6);
                assertThat(decoders(second)).isZero();
            }
            assertThat(prefill.cancelled).isEmpty();
            decode.stopBefore(Integer.MAX_VALUE);
            for (RecordingSink sink : sinks) {
                finishesAtItsFirstAttempt(sink);
            }
            endOnce(prefill);
            assertThat(decode.cancelled).isEmpty();
        }
    }

    /** The end of an answer gives back the KV of its prompt, and nobody else's. */
    private static void endOnce(ScriptedWorker prefill) {
        assertThat(prefill.cancelled).doesNotHaveDuplicates();
        assertThat(prefill.taken).extracting(Generation::getRequestId).containsAll(prefill.cancelled);
    }

    private static double refusals(TestCluster cluster) {
        return cluster.meters()
                .get("baton.stream.refusals")
                .tag("reason", "duplicate")
                .counter()
                .count();
    }

    private static void finishesAtItsFirstAttempt(RecordingSink sink) throws Exception {
        assertThat(sink.end()).isEqualTo("finished LENGTH");
        assertThat(sink.tokens).isEqualTo(ScriptedWorker.tokens(TOKENS));
        assertThat(sink.wrongs).isEmpty();
        assertThat(sink.handle().timing().attempts()).isEqualTo(1);
    }

    private RecordingSink start(TestCluster at, int prompt) {
        RecordingSink sink = new RecordingSink();
        sink.start(
                at.dispatcher(),
                new GenerationRequest(
                        UUID.randomUUID().toString(),
                        "tenant",
                        model,
                        ThreadLocalRandom.current().ints(prompt, 0, 1_000).toArray(),
                        Sampling.newBuilder().setSeed(1).build(),
                        Stopping.newBuilder().setMaxTokens(TOKENS).build(),
                        0,
                        Instant.now().plusSeconds(60),
                        RequestTags.getDefaultInstance(),
                        null));
        return sink;
    }

    private boolean live(TestCluster cluster) {
        return live(cluster, WorkerState.Role.PREFILL) == 1 && decoders(cluster) == 1;
    }

    private int decoders(TestCluster cluster) {
        return live(cluster, WorkerState.Role.DECODE);
    }

    private int live(TestCluster cluster, WorkerState.Role role) {
        return (int) cluster.workers().of(model).stream()
                .filter(state -> state.getRole() == role)
                .count();
    }
}
