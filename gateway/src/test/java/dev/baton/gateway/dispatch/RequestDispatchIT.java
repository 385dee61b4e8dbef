package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.control.GenerationRequest;
import dev.baton.control.Phase;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.UsageEvent;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

@WithStack
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class RequestDispatchIT {
    private static final ClusterNames NAMES = new ClusterNames("baton");
    private static final int LONG = 200;
    private static final int SHORT = 10;

    private final String model = "model-" + UUID.randomUUID();
    private TestCluster cluster;

    @BeforeAll
    void start(TestStack stack) {
        cluster = TestCluster.start(stack.kafka(), stack.redis());
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
    void aLongPromptIsPrefilledOnOneWorkerAndDecodedOnAnother() throws Exception {
        ScriptedWorker prefill = cluster.prefill("prefill-a", model);
        ScriptedWorker decode = cluster.decode("decode-a", model);
        await().until(this::bothLive);
        RecordingSink sink = new RecordingSink();
        GenerationRequest submission = submission(LONG, 20, Duration.ofSeconds(30));
        sink.start(cluster.dispatcher(), submission);

        assertThat(sink.end()).isEqualTo("finished LENGTH");
        assertThat(sink.tokens).isEqualTo(ScriptedWorker.tokens(20));
        assertThat(sink.wrongs).isEmpty();
        assertThat(prefill.taken).hasSize(1);
        assertThat(decode.taken).hasSize(1);
        TtftBreakdown timing = sink.handle().timing();
        assertThat(timing.kafka()).isNotNull();
        assertThat(timing.prefill()).isNotNull();
        assertThat(timing.total()).isNotNull();
        assertThat(timing.attempts()).isEqualTo(1);
        await().until(() -> phase(submission) == Phase.DONE);
    }

    @Test
    void aShortPromptNeedsNoPrefillWorker() throws Exception {
        ScriptedWorker prefill = cluster.prefill("prefill-a", model);
        cluster.decode("decode-a", model);
        await().until(() -> bothLive());
        RecordingSink sink = new RecordingSink();
        sink.start(cluster.dispatcher(), submission(SHORT, 5, Duration.ofSeconds(30)));
        assertThat(sink.end()).isEqualTo("finished LENGTH");
        assertThat(sink.tokens).isEqualTo(ScriptedWorker.tokens(5));
        assertThat(prefill.taken).isEmpty();
    }

    @Test
    void goesOnAtTheNextTokenAfterTheDecodeWorkerDies() throws Exception {
        ScriptedWorker first = cluster.decode("decode-a", model);
        ScriptedWorker second = cluster.decode("decode-b", model);
        await().until(() -> liveDecoders() == 2);
        first.stopBefore(7);
        second.stopBefore(7);
        RecordingSink sink = new RecordingSink();
        sink.start(cluster.dispatcher(), submission(SHORT, 20, Duration.ofSeconds(30)));
        await().until(() -> sink.tokens.size() == 7);

        ScriptedWorker serving = first.taken.isEmpty() ? second : first;
        ScriptedWorker other = serving == first ? second : first;
        serving.kill();
        other.stopBefore(Integer.MAX_VALUE);

        assertThat(sink.end()).isEqualTo("finished LENGTH");
        assertThat(sink.tokens).isEqualTo(ScriptedWorker.tokens(20));
        assertThat(sink.wrongs).isEmpty();
        assertThat(other.taken).as("fault not applied").hasSize(1);
        assertThat(other.taken.getFirst().getAcceptedList()).isEqualTo(ScriptedWorker.tokens(7));
        assertThat(sink.handle().timing().attempts()).isEqualTo(2);
        assertThat(sink.handle().timing().recoveries()).singleElement().satisfies(recovery -> {
            assertThat(recovery.phase()).isEqualTo("decoding");
            assertThat(recovery.rung()).isEqualTo("pool");
            assertThat(recovery.tokens()).isEqualTo(SHORT + 7);
            assertThat(recovery.recomputed()).isEqualTo(1);
            assertThat(List.of(
                            recovery.detectedMillis(),
                            Objects.requireNonNull(recovery.claimedMillis()),
                            Objects.requireNonNull(recovery.restoredMillis()),
                            Objects.requireNonNull(recovery.firstTokenMillis())))
                    .isSorted();
        });
        assertThat(cluster.meters()
                        .get("baton.dispatch.recovery")
                        .tag("phase", "first_token")
                        .timer()
                        .count())
                .isPositive();
        assertThat(cluster.meters()
                        .get("baton.dispatch.recoveries")
                        .tag("rung", "pool")
                        .counter()
                        .count())
                .isPositive();
    }

    @Test
    void goesOnAfterThePrefillWorkerDiesBeforeItsFirstToken() throws Exception {
        ScriptedWorker prefill = cluster.prefill("prefill-a", model);
        cluster.decode("decode-a", model);
        await().until(() -> bothLive());
        prefill.stopBefore(0);
        RecordingSink sink = new RecordingSink();
        sink.start(cluster.dispatcher(), submission(LONG, 12, Duration.ofSeconds(30)));
        await().until(() -> prefill.taken.size() == 1);
        prefill.kill();
        assertThat(sink.end()).isEqualTo("finished LENGTH");
        assertThat(sink.tokens).isEqualTo(ScriptedWorker.tokens(12));
        assertThat(sink.handle().timing().attempts()).as("fault not applied").isGreaterThan(1);
    }

    @Test
    void aCancelReachesTheWorkerAndRedis() throws Exception {
        ScriptedWorker decode = cluster.decode("decode-a", model);
        await().until(() -> liveDecoders() == 1);
        decode.stopBefore(3);
        RecordingSink sink = new RecordingSink();
        GenerationRequest submission = submission(SHORT, 20, Duration.ofSeconds(30));
        sink.start(cluster.dispatcher(), submission);
        await().until(() -> sink.tokens.size() == 3);
        sink.handle().cancel();
        await().until(() -> decode.cancelled.contains(submission.requestId()));
        await().until(() -> phase(submission) == Phase.CANCELLED);
        assertThat(sink.ended()).isFalse();
    }

    /** Some are being written to Redis, some are in Kafka, some are claimed, some have tokens. */
    @Test
    void threeHundredCancelsAtOnceFourTimesLeaveNothingBehind() throws Exception {
        ScriptedWorker decode = cluster.decode("decode-a", model);
        await().until(() -> liveDecoders() == 1);
        decode.stopBefore(3);
        for (int burst = 0; burst < 4; burst++) {
            List<GenerationRequest> requests = new ArrayList<>();
            List<RecordingSink> sinks = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                RecordingSink sink = new RecordingSink();
                requests.add(submission(SHORT, 20, Duration.ofSeconds(50)));
                sinks.add(sink);
                sink.start(cluster.dispatcher(), requests.getLast());
            }
            await().until(() -> sinks.stream().anyMatch(sink -> !sink.tokens.isEmpty()));
            assertThat(running()).as("fault not applied").isEqualTo(300);
            sinks.forEach(sink -> sink.handle().cancel());
            await().until(() -> running() == 0);
            await().until(() -> requests.stream().allMatch(request -> phase(request) == Phase.CANCELLED));
            assertThat(sinks).allMatch(sink -> !sink.ended() && sink.wrongs.isEmpty());
        }
        decode.stopBefore(Integer.MAX_VALUE);
        RecordingSink after = new RecordingSink();
        after.start(cluster.dispatcher(), submission(SHORT, 20, Duration.ofSeconds(30)));
        assertThat(after.end()).isEqualTo("finished LENGTH");
    }

    private double running() {
        return cluster.meters().get("baton.dispatch.running").gauge().value();
    }

    @Test
    void theDeadlineEndsARequestThatNoTokenEnds() throws Exception {
        ScriptedWorker decode = cluster.decode("decode-a", model);
        await().until(() -> liveDecoders() == 1);
        decode.stopBefore(2);
        RecordingSink sink = new RecordingSink();
        sink.start(cluster.dispatcher(), submission(SHORT, 20, Duration.ofSeconds(1)));
        assertThat(sink.end()).isEqualTo("failed DEADLINE_EXCEEDED");
        assertThat(sink.tokens).isEqualTo(ScriptedWorker.tokens(2));
    }

    @Test
    void withoutWorkersARequestIsRefused() throws Exception {
        await().until(() -> liveDecoders() == 0);
        RecordingSink sink = new RecordingSink();
        sink.start(cluster.dispatcher(), submission(SHORT, 5, Duration.ofSeconds(30)));
        assertThat(sink.end()).isEqualTo("refused NO_WORKERS");
    }

    @Test
    void aPromptBeyondTheContextIsRefused() throws Exception {
        cluster.decode("decode-a", model);
        await().until(() -> liveDecoders() == 1);
        RecordingSink sink = new RecordingSink();
        sink.start(cluster.dispatcher(), submission(ScriptedWorker.CONTEXT, 1, Duration.ofSeconds(5)));
        assertThat(sink.end()).isEqualTo("refused CONTEXT_LENGTH_EXCEEDED");
    }

    @Test
    void manyRequestsAtOnceKeepTheirTokensApart() throws Exception {
        cluster.prefill("prefill-a", model);
        cluster.decode("decode-a", model);
        cluster.decode("decode-b", model);
        await().until(() -> bothLive() && liveDecoders() == 2);
        List<RecordingSink> sinks = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            RecordingSink sink = new RecordingSink();
            sinks.add(sink);
            sink.start(cluster.dispatcher(), submission(i % 2 == 0 ? LONG : SHORT, 10 + i, Duration.ofSeconds(40)));
        }
        for (int i = 0; i < sinks.size(); i++) {
            assertThat(sinks.get(i).end()).isEqualTo("finished LENGTH");
            assertThat(sinks.get(i).tokens).isEqualTo(ScriptedWorker.tokens(10 + i));
            assertThat(sinks.get(i).wrongs).isEmpty();
        }
    }

    @Test
    void aFinishedRequestLeavesAUsageEvent() throws Exception {
        cluster.decode("decode-a", model);
        await().until(() -> liveDecoders() == 1);
        RecordingSink sink = new RecordingSink();
        GenerationRequest submission = submission(SHORT, 5, Duration.ofSeconds(30));
        sink.start(cluster.dispatcher(), submission);
        assertThat(sink.end()).isEqualTo("finished LENGTH");
        UsageEvent usage = usageOf(submission.requestId());
        assertThat(usage.getTenant()).isEqualTo("tenant");
        assertThat(usage.getPromptTokens()).isEqualTo(SHORT);
        assertThat(usage.getCompletionTokens()).isEqualTo(5);
        assertThat(usage.getFinishReason()).isEqualTo("length");
        assertThat(usage.getAttempts()).isEqualTo(1);
    }

    private UsageEvent usageOf(String requestId) throws Exception {
        Map<String, Object> config = new HashMap<>(cluster.kafka());
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition usage = new TopicPartition(NAMES.usageTopic(), 0);
            consumer.assign(List.of(usage));
            consumer.seekToBeginning(List.of(usage));
            Instant limit = Instant.now().plusSeconds(20);
            while (Instant.now().isBefore(limit)) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    UsageEvent event = UsageEvent.parseFrom(record.value());
                    if (event.getRequestId().equals(requestId)) {
                        return event;
                    }
                }
            }
        }
        throw new AssertionError("no usage event of request " + requestId);
    }

    private boolean bothLive() {
        return live(WorkerState.Role.PREFILL) > 0 && liveDecoders() > 0;
    }

    private int liveDecoders() {
        return live(WorkerState.Role.DECODE);
    }

    private int live(WorkerState.Role role) {
        return (int) cluster.workers().of(model).stream()
                .filter(state -> state.getRole() == role)
                .count();
    }

    private Phase phase(GenerationRequest submission) {
        String phase = cluster.redis()
                .<String, String>opsForHash()
                .get(NAMES.key("req:" + submission.requestId()), "phase")
                .block(Duration.ofSeconds(10));
        return Phase.valueOf(Objects.requireNonNull(phase));
    }

    private GenerationRequest submission(int prompt, int maxTokens, Duration time) {
        return new GenerationRequest(
                UUID.randomUUID().toString(),
                "tenant",
                model,
                ThreadLocalRandom.current().ints(prompt, 0, 1_000).toArray(),
                Sampling.newBuilder().setSeed(1).build(),
                Stopping.newBuilder().setMaxTokens(maxTokens).build(),
                0,
                Instant.now().plus(time),
                RequestTags.getDefaultInstance(),
                null);
    }
}
